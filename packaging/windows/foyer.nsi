; The installer: for one user, without an administrator.
;
;   makensis -INPUTCHARSET UTF8 -DVERSION=0.1.0 -DNUMBERS=0.1.0.0 -DFILES=DIR -DOUT=FILE foyer.nsi
;
; foyer-setup.exe /S [/AUTOSTART] [/FIREWALL] [/D=FOLDER] asks nothing. The exit status is
; 0, 1 if it was cancelled, and 2 if it could not be done.

Target amd64-unicode
SetCompressor /SOLID lzma
SetCompressorDictSize 32
SetDateSave off ; the same sources give the same bytes

!include MUI2.nsh
!include FileFunc.nsh
!include LogicLib.nsh
!include Sections.nsh
!include WordFunc.nsh

!define UNINSTALL "Software\Microsoft\Windows\CurrentVersion\Uninstall\Foyer"
!define RUN "Software\Microsoft\Windows\CurrentVersion\Run"
!define APP_PATH "Software\Microsoft\Windows\CurrentVersion\App Paths\foyer.exe"
!define SCHEME "Software\Classes\foyer"
!define RULE "Foyer rooms"
; Other users of this computer have rules for programs of their own.
!define REMOVE_RULE 'delete rule name="${RULE}" program="$INSTDIR\foyer.exe"'
; A link cannot bring flags along: what comes after -- is none.
!define OPEN '"$INSTDIR\foyer.exe" -- "%1"'

Name "Foyer"
OutFile "${OUT}"
RequestExecutionLevel user
ManifestDPIAware true
ManifestSupportedOS Win10
InstallDir "$LOCALAPPDATA\Programs\Foyer"
InstallDirRegKey HKCU "${UNINSTALL}" InstallLocation
BrandingText "Foyer ${VERSION}"
VIProductVersion "${NUMBERS}"
VIAddVersionKey /LANG=0 ProductName "Foyer"
VIAddVersionKey /LANG=0 ProductVersion "${VERSION}"
VIAddVersionKey /LANG=0 FileVersion "${VERSION}"
VIAddVersionKey /LANG=0 FileDescription "Foyer Setup"
VIAddVersionKey /LANG=0 CompanyName "The Foyer contributors"
VIAddVersionKey /LANG=0 LegalCopyright "Copyright 2026 the Foyer contributors. Apache License 2.0"

!define MUI_ICON "${FILES}\foyer.ico"
!define MUI_UNICON "${FILES}\foyer.ico"
!define MUI_ABORTWARNING
!define MUI_FINISHPAGE_RUN "$INSTDIR\foyer.exe"
!define MUI_COMPONENTSPAGE_SMALLDESC
!insertmacro MUI_PAGE_COMPONENTS
!insertmacro MUI_PAGE_DIRECTORY
!insertmacro MUI_PAGE_INSTFILES
!insertmacro MUI_PAGE_FINISH
!insertmacro MUI_UNPAGE_CONFIRM
!insertmacro MUI_UNPAGE_INSTFILES
!insertmacro MUI_LANGUAGE English
!insertmacro MUI_LANGUAGE German
!insertmacro MUI_LANGUAGE SimpChinese
!include words.nsh

; The uninstaller is signed like the program.
!ifdef SIGN
!uninstfinalize '"${SIGN}" "%1"'
!endif

; A program that runs cannot be replaced.
!macro UNTIL_CLOSED WORDS
	${Do}
		${IfNot} ${FileExists} "$INSTDIR\foyer.exe"
			${ExitDo}
		${EndIf}
		ClearErrors
		FileOpen $0 "$INSTDIR\foyer.exe" a
		${IfNot} ${Errors}
			FileClose $0
			${ExitDo}
		${EndIf}
		${If} ${Cmd} `MessageBox MB_RETRYCANCEL|MB_ICONEXCLAMATION "${WORDS}" /SD IDCANCEL IDCANCEL`
			Abort "${WORDS}"
		${EndIf}
	${Loop}
!macroend

; Only an administrator changes the firewall: Windows asks.
!macro NETSH ARGUMENTS
	ExecShellWait "runas" "$SYSDIR\netsh.exe" 'advfirewall firewall ${ARGUMENTS}' SW_HIDE
!macroend

Section "Foyer"
	SectionIn RO
	SetShellVarContext current
	!insertmacro UNTIL_CLOSED "$(RUNS)"
	SetOutPath "$INSTDIR"
	ClearErrors
	File "${FILES}\foyer.exe"
	File "${FILES}\licence.txt"
	File "${FILES}\licences-of-libraries.txt"
	File "${FILES}\changelog.txt"
	WriteUninstaller "$INSTDIR\uninstall.exe"
	${If} ${Errors}
		MessageBox MB_OK|MB_ICONSTOP "$(CANNOT_WRITE)" /SD IDOK
		Abort "$(CANNOT_WRITE)"
	${EndIf}
	CreateShortcut "$SMPROGRAMS\Foyer.lnk" "$INSTDIR\foyer.exe"

	; foyer: links open in the program
	WriteRegStr HKCU "${SCHEME}" "" "URL:Foyer"
	WriteRegStr HKCU "${SCHEME}" "URL Protocol" ""
	WriteRegStr HKCU "${SCHEME}\DefaultIcon" "" '"$INSTDIR\foyer.exe",0'
	WriteRegStr HKCU "${SCHEME}\shell\open\command" "" '${OPEN}'
	WriteRegStr HKCU "${APP_PATH}" "" "$INSTDIR\foyer.exe"

	WriteRegStr HKCU "${UNINSTALL}" DisplayName "Foyer"
	WriteRegStr HKCU "${UNINSTALL}" DisplayVersion "${VERSION}"
	WriteRegStr HKCU "${UNINSTALL}" Numbers "${NUMBERS}"
	WriteRegStr HKCU "${UNINSTALL}" DisplayIcon '"$INSTDIR\foyer.exe",0'
	WriteRegStr HKCU "${UNINSTALL}" Publisher "The Foyer contributors"
	WriteRegStr HKCU "${UNINSTALL}" InstallLocation "$INSTDIR"
	WriteRegStr HKCU "${UNINSTALL}" UninstallString '"$INSTDIR\uninstall.exe"'
	WriteRegStr HKCU "${UNINSTALL}" QuietUninstallString '"$INSTDIR\uninstall.exe" /S'
	WriteRegDWORD HKCU "${UNINSTALL}" NoModify 1
	WriteRegDWORD HKCU "${UNINSTALL}" NoRepair 1
	${GetSize} "$INSTDIR" "/S=0K" $0 $1 $2
	WriteRegDWORD HKCU "${UNINSTALL}" EstimatedSize $0
SectionEnd

Section /o "$(AUTOSTART)" autostart
	WriteRegStr HKCU "${RUN}" "Foyer" '"$INSTDIR\foyer.exe"'
SectionEnd

; Setup that is run again shows what was chosen, and no more than that stays.
Section
	${IfNot} ${SectionIsSelected} ${autostart}
	${AndIfNot} ${Silent}
		DeleteRegValue HKCU "${RUN}" "Foyer"
	${EndIf}
SectionEnd

Section /o "$(FIREWALL)" firewall
	${IfNot} ${Cmd} `MessageBox MB_YESNO|MB_ICONQUESTION "$(FIREWALL_QUESTION)" /SD IDYES IDYES`
		Return
	${EndIf}
	!insertmacro NETSH '${REMOVE_RULE}'
	ClearErrors
	!insertmacro NETSH 'add rule name="${RULE}" dir=in action=allow program="$INSTDIR\foyer.exe"'
	${IfNot} ${Errors} ; it was not refused
		WriteRegDWORD HKCU "${UNINSTALL}" FirewallRule 1
	${EndIf}
SectionEnd

!insertmacro MUI_FUNCTION_DESCRIPTION_BEGIN
	!insertmacro MUI_DESCRIPTION_TEXT ${autostart} "$(AUTOSTART_ABOUT)"
	!insertmacro MUI_DESCRIPTION_TEXT ${firewall} "$(FIREWALL_ABOUT)"
!insertmacro MUI_FUNCTION_DESCRIPTION_END

Function .onInit
	ReadRegStr $0 HKCU "${RUN}" "Foyer"
	${If} $0 != ""
		SectionSetFlags ${autostart} ${SF_SELECTED}
	${EndIf}
	ReadRegStr $0 HKCU "${UNINSTALL}" Numbers
	${If} $0 != ""
		${VersionCompare} "$0" "${NUMBERS}" $1
		${If} $1 = 1
		${AndIfNot} ${Cmd} `MessageBox MB_YESNO|MB_ICONEXCLAMATION "$(OLDER)" /SD IDYES IDYES`
			Abort
		${EndIf}
	${EndIf}
	${GetParameters} $0
	ClearErrors
	${GetOptions} $0 "/AUTOSTART" $1
	${IfNot} ${Errors}
		SectionSetFlags ${autostart} ${SF_SELECTED}
	${EndIf}
	ClearErrors
	${GetOptions} $0 "/FIREWALL" $1
	${IfNot} ${Errors}
		SectionSetFlags ${firewall} ${SF_SELECTED}
	${EndIf}
FunctionEnd

Section un.Foyer
	SetShellVarContext current
	!insertmacro UNTIL_CLOSED "$(RUNS)"
	ReadRegDWORD $1 HKCU "${UNINSTALL}" FirewallRule
	${If} $1 = 1
		!insertmacro NETSH '${REMOVE_RULE}'
	${EndIf}
	; Nothing that others have put there, and nothing of the user's.
	Delete "$INSTDIR\foyer.exe"
	Delete "$INSTDIR\licence.txt"
	Delete "$INSTDIR\licences-of-libraries.txt"
	Delete "$INSTDIR\changelog.txt"
	; Two seconds for this program's first process to end, which holds its file.
	${For} $2 1 20
		Delete "$INSTDIR\uninstall.exe"
		RMDir "$INSTDIR"
		${IfNot} ${FileExists} "$INSTDIR\*.*"
			${ExitFor}
		${EndIf}
		Sleep 100
	${Next}
	Delete "$SMPROGRAMS\Foyer.lnk"
	DeleteRegValue HKCU "${RUN}" "Foyer"
	DeleteRegKey HKCU "${APP_PATH}"
	DeleteRegKey HKCU "${UNINSTALL}"
	; Another program may open the links by now.
	ReadRegStr $1 HKCU "${SCHEME}\shell\open\command" ""
	${If} $1 == '${OPEN}'
		DeleteRegKey HKCU "${SCHEME}"
	${EndIf}
SectionEnd
