; What the installer says beside NSIS itself, in the languages of the program.

LangString RUNS ${LANG_ENGLISH} "Foyer is running. Close its window, then click Retry."
LangString RUNS ${LANG_GERMAN} "Foyer läuft. Schließen Sie sein Fenster und klicken Sie dann auf Wiederholen."
LangString RUNS ${LANG_SIMPCHINESE} "Foyer 正在运行。请关闭其窗口，然后单击“重试”。"

LangString CANNOT_WRITE ${LANG_ENGLISH} "The files cannot be written to $INSTDIR. Close what uses them, or choose another folder."
LangString CANNOT_WRITE ${LANG_GERMAN} "Die Dateien können nicht in $INSTDIR geschrieben werden. Schließen Sie, was sie benutzt, oder wählen Sie einen anderen Ordner."
LangString CANNOT_WRITE ${LANG_SIMPCHINESE} "无法将文件写入 $INSTDIR。请关闭正在使用这些文件的程序，或选择其他文件夹。"

LangString OLDER ${LANG_ENGLISH} "A newer version of Foyer is installed. This one, ${VERSION}, cannot use rooms and settings of the newer one. Install it all the same?"
LangString OLDER ${LANG_GERMAN} "Eine neuere Version von Foyer ist installiert. Diese hier, ${VERSION}, kann deren Räume und Einstellungen nicht verwenden. Trotzdem installieren?"
LangString OLDER ${LANG_SIMPCHINESE} "已安装更新版本的 Foyer。此版本（${VERSION}）无法使用新版本的房间和设置。仍要安装吗？"

LangString AUTOSTART ${LANG_ENGLISH} "Start with Windows"
LangString AUTOSTART ${LANG_GERMAN} "Mit Windows starten"
LangString AUTOSTART ${LANG_SIMPCHINESE} "随 Windows 启动"

LangString AUTOSTART_ABOUT ${LANG_ENGLISH} "Foyer opens when you sign in. It joins no room by itself."
LangString AUTOSTART_ABOUT ${LANG_GERMAN} "Foyer öffnet sich, wenn Sie sich anmelden. Es betritt von selbst keinen Raum."
LangString AUTOSTART_ABOUT ${LANG_SIMPCHINESE} "登录后自动打开 Foyer。它不会自行加入任何房间。"

LangString FIREWALL ${LANG_ENGLISH} "Guests from outside"
LangString FIREWALL ${LANG_GERMAN} "Gäste von außen"
LangString FIREWALL ${LANG_SIMPCHINESE} "外部来宾"

LangString FIREWALL_ABOUT ${LANG_ENGLISH} "Lets guests on other computers into the rooms that you start. Only an administrator can allow it."
LangString FIREWALL_ABOUT ${LANG_GERMAN} "Lässt Gäste auf anderen Computern in die Räume, die Sie starten. Nur ein Administrator kann das erlauben."
LangString FIREWALL_ABOUT ${LANG_SIMPCHINESE} "允许其他计算机上的来宾进入您开启的房间。只有管理员才能授权。"

LangString FIREWALL_QUESTION ${LANG_ENGLISH} "A room that you start runs on this computer, and guests connect to it. The Windows firewall keeps them out until a rule lets them in.$\r$\n$\r$\nShall Setup add a rule that lets others connect to Foyer, and to no other program, in every network? Windows asks for an administrator then. Without the rule, Windows asks you when you start your first room."
LangString FIREWALL_QUESTION ${LANG_GERMAN} "Ein Raum, den Sie starten, läuft auf diesem Computer, und Gäste verbinden sich mit ihm. Die Windows-Firewall hält sie fern, bis eine Regel sie einlässt.$\r$\n$\r$\nSoll das Setup eine Regel anlegen, die andere in jedem Netzwerk mit Foyer verbinden lässt, und mit keinem anderen Programm? Windows fragt dann nach einem Administrator. Ohne die Regel fragt Windows Sie, wenn Sie den ersten Raum starten."
LangString FIREWALL_QUESTION ${LANG_SIMPCHINESE} "您开启的房间在这台计算机上运行，来宾会连接到它。在有规则放行之前，Windows 防火墙会阻止来宾。$\r$\n$\r$\n是否让安装程序添加一条规则，允许他人在任何网络中连接到 Foyer（仅限 Foyer）？Windows 届时会请求管理员许可。如果没有该规则，Windows 会在您开启第一个房间时询问您。"
