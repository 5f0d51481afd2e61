# parts.sh: the parts of test-packages.sh.
# shellcheck shell=bash

# part_check looks at the packages without installing them.
part_check() {
	local tree=$work/check
	dpkg-deb -x "$deb" "$tree"
	desktop-file-validate "$tree/usr/share/applications/app.foyer.Foyer.desktop"
	appstreamcli validate --no-net "$tree/usr/share/metainfo/app.foyer.Foyer.metainfo.xml"
	lintian --allow-root --fail-on error --tag-display-limit 0 "$deb" | tee "$artifacts/lintian.log"
	scripts/check-binary.sh "$tree/usr/bin/foyer"
	must_have "${deb%.deb}.cdx.json" "$(sha256sum <"$tree/usr/bin/foyer" | cut -c1-64)"
	bash -n "$tree/usr/share/bash-completion/completions/foyer"
	zsh -n "$tree/usr/share/zsh/vendor-completions/_foyer"
	fish --no-execute "$tree/usr/share/fish/vendor_completions.d/foyer.fish"
	local page
	for page in "$tree"/usr/share/man/man1/*.gz; do
		MANROFFSEQ='' MANWIDTH=100 man --warnings -E UTF-8 -l -Tutf8 -Z "$page" 2>&1 >/dev/null | (! grep .)
	done
	echo "$(ls "$tree"/usr/share/man/man1 | wc -l) man pages, $(ls -d "$tree"/usr/share/icons/hicolor/* | wc -l) sizes of icons"
}

# older OUT: the package as a version before this one.
older() {
	local tree=$work/older
	dpkg-deb -R "$deb" "$tree"
	sed -i 's/^Version: .*/Version: 0.0.1/' "$tree/DEBIAN/control"
	grep -q . "$tree/DEBIAN/conffiles" 2>/dev/null || rm -f "$tree/DEBIAN/conffiles" # dpkg-deb takes no empty line
	dpkg-deb -Zgzip -z1 -b --root-owner-group "$tree" "$1" >/dev/null
	rm -rf "$tree"
}

upgrade() {
	install_in "$root" "/tmp/$(basename "$deb")"
	in_root "$root" root dpkg-query -W -f '${Version}\n' foyer >"$work/version"
	! grep -qx 0.0.1 "$work/version"
}

# part_deb: a minimal Debian 12 with what the package recommends.
part_deb() {
	new_root deb
	cp "$deb" "$root/tmp/"
	older "$root/tmp/older.deb"
	install_in "$root" /tmp/older.deb make
	in_root "$root" ada xdg-mime query default x-scheme-handler/foyer | grep -x app.foyer.Foyer.desktop
	use_window "$root" /usr/bin/foyer links upgrade
	must_have "$root/home/ada/.config/foyer/settings.json" '"Ada"'
	registered_links "$root"
	removed "$root"
}

# removed ROOT: after the removal nothing is left but what the user has.
removed() {
	in_root "$1" root apt-get -qq -y -o Dpkg::Use-Pty=0 purge foyer >"$artifacts/purge.log" 2>&1
	if listing "$1" | grep -i foyer | grep -v '^\./home/ada/'; then
		echo "this is left of it" >&2
		return 1
	fi
	[ -s "$1/home/ada/.config/foyer/key" ]
}

# registered_links ROOT: a program that nobody has installed opens links, for one user.
registered_links() {
	local r=$1 foyer='/opt/video Chat 里/foyer'
	mkdir -p "$r$(dirname "$foyer")"
	cp "$r/usr/bin/foyer" "$r$foyer"
	in_root "$r" ada "$foyer" --register-links >"$work/registered"
	in_root "$r" ada "$foyer" --register-links >>"$work/registered"
	must_have "$work/registered" "/home/ada/.config/mimeapps.list"
	in_root "$r" ada xdg-mime query default x-scheme-handler/foyer | grep -x app.foyer.Foyer.desktop
	(cd "$r" && desktop-file-validate home/ada/.local/share/applications/app.foyer.Foyer.desktop)
	# xdg-open's own reading of the entry ends at a space; that of desktops does not. (GLib's
	# looks for a program with two percent signs where one is meant.)
	install_in "$r" libglib2.0-bin
	in_root "$r" ada env XDG_CURRENT_DESKTOP=GNOME xdg-open foyer://127.0.0.1:1/not-a-link >"$work/opened" 2>&1 &
	started+=($!)
	await "the link has started the registered program" running_in "$r" "$foyer"
	pkill -TERM -f --nslist mnt --ns $$ "^$foyer " || true # its link is erased from the command line
	await "it has ended" not_running_in "$r" "$foyer"
	in_root "$r" ada "$foyer" --unregister-links >/dev/null
	[ ! -e "$r/home/ada/.config/mimeapps.list" ]
	[ ! -e "$r/home/ada/.local/share/applications/app.foyer.Foyer.desktop" ]
	rm -rf "$r/opt/video Chat 里"
}

# running_in ROOT PROGRAM: somebody runs it there.
running_in() {
	# One process for all: on a busy computer, one for each takes minutes.
	[ -n "$(find /proc/[0-9]*/exe -maxdepth 0 -lname "$1$2" 2>/dev/null)" ]
}
not_running_in() { ! running_in "$@"; }

# part_minimal: the same without anything that the package only recommends.
part_minimal() {
	new_root minimal
	cp "$deb" "$root/tmp/"
	install_in "$root" --no-install-recommends "/tmp/$(basename "$deb")"
	# Without a display, a sentence says so.
	if (unset DISPLAY; in_root "$root" ada foyer) >"$work/nodisplay" 2>&1; then
		echo "a window without a display" >&2
		return 1
	fi
	must_have "$work/nodisplay" "Foyer cannot open a window"
	(unset DISPLAY; in_root "$root" ada foyer try --seconds 1) >"$artifacts/packages-try.log"
	use_window "$root" /usr/bin/foyer
	removed "$root"
}

# part_archive: the tar.xz, for one user and for everybody.
part_archive() {
	new_root archive
	# What the libraries come with is what a desktop has; the package itself is not there.
	cp "$deb" "$root/tmp/"
	install_in "$root" --no-install-recommends "/tmp/$(basename "$deb")" make xz-utils desktop-file-utils
	in_root "$root" root dpkg --purge foyer >/dev/null
	local before=$work/before folder
	listing "$root" >"$before"
	cp "$archive" "$root/home/ada/archive.tar.xz"
	in_root "$root" ada tar -xf /home/ada/archive.tar.xz -C /home/ada
	folder=/home/ada/$(basename "$archive" .tar.xz)
	in_root "$root" ada make -s -C "$folder" user-install >"$work/user-install"
	must_have "$work/user-install" /home/ada/.local/bin/foyer
	must_have "$root/home/ada/.local/share/applications/app.foyer.Foyer.desktop" 'Exec=/home/ada/.local/bin/foyer %u'
	in_root "$root" ada /home/ada/.local/bin/foyer version
	use_window "$root" /home/ada/.local/bin/foyer
	in_root "$root" ada make -s -C "$folder" user-uninstall >/dev/null
	in_root "$root" root make -s -C "$folder" install PREFIX='/opt/two words' >/dev/null
	in_root "$root" ada '/opt/two words/bin/foyer' version
	must_have "$root/opt/two words/share/applications/app.foyer.Foyer.desktop" 'Exec="/opt/two words/bin/foyer" %u'
	in_root "$root" root make -s -C "$folder" uninstall PREFIX='/opt/two words' >/dev/null
	rm -rf "$root/home/ada/archive.tar.xz" "$root$folder"
	listing "$root" | grep -v '^\./home/ada/' | grep -vx './opt/two words' >"$work/after"
	diff <(grep -v '^\./home/ada/' "$before") "$work/after"
	if find "$root/home/ada/.local" -type f -path '*oyer*' | grep .; then
		echo "this is left of it" >&2
		return 1
	fi
}

# part_rpm: the rpm has what the deb has, and its program runs.
part_rpm() {
	local tree=$work/rpm name
	mkdir -p "$tree/db"
	rpm -qp --requires "$rpm" | tee "$artifacts/rpm-requires.log"
	for name in 'libGL.so.1()(64bit)' 'libX11.so.6()(64bit)' 'libc.so.6(GLIBC_2.34)(64bit)'; do
		must_have "$artifacts/rpm-requires.log" "$name"
	done
	diff <(rpm -qplv "$rpm" | awk '!/^d/ { print $NF }' | grep -v -e zsh -e '/doc/foyer/' | sort) \
		<(dpkg-deb --fsys-tarfile "$deb" | tar -t | sed 's/^\.//' | grep -v -e '/$' -e zsh -e '/doc/foyer/' | sort)
	rpm --root "$tree" --dbpath /db --initdb
	rpm --root "$tree" --dbpath /db -i --nodeps --noscripts --ignorearch "$rpm"
	rpm --root "$tree" --dbpath /db -V --nodeps foyer
	cmp "$tree/usr/bin/foyer" <(dpkg-deb --fsys-tarfile "$deb" | tar -xO ./usr/bin/foyer)
	rpm --root "$tree" --dbpath /db -e --nodeps --noscripts foyer
	if find "$tree" -iname '*foyer*' | grep .; then
		echo "this is left of it" >&2
		return 1
	fi
}

# part_services: the units, as systemd reads them.
part_services() {
	local tree=$work/services unit
	mkdir "$work/run"
	export XDG_RUNTIME_DIR=$work/run # systemd looks for units of users there
	dpkg-deb -x "$deb" "$tree"
	for unit in "$tree/usr/lib/systemd/system/foyer.service" "$tree/usr/share/systemd/user/foyer.service"; do
		# The program is not installed here.
		sed "s#/usr/bin/foyer#$tree/usr/bin/foyer#" "$unit" >"$work/foyer.service"
		local scope=--system
		[[ $unit != */user/* ]] || scope=--user
		systemd-analyze $scope --man=no verify "$work/foyer.service" 2>&1 | tee "$artifacts/verify.log"
		if grep -q . "$artifacts/verify.log"; then return 1; fi
		systemd-analyze $scope security --offline=true --threshold=30 "$work/foyer.service" | tail -1
	done
}

# part_container: the image is built on the clean root, and serves.
part_container() {
	base_root
	scripts/packages/container.sh "$base" "$artifacts"
}
