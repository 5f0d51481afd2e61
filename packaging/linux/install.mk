# Installing and removing the program $(FOYER), which writes the files beside it
# itself. This is part of the Makefile of the source and of that of the tar.xz.

PREFIX ?= /usr/local
# DESTDIR is a folder that stands for / while a package is made.
# The own folders of whoever installs.
USER_PREFIX ?= $(HOME)/.local

# What lies in a desktop's caches is written anew, where it has caches.
refresh = if [ -z "$(DESTDIR)" ]; then \
		update-desktop-database -q "$(1)/share/applications" 2>/dev/null; \
		gtk-update-icon-cache -q -f -t "$(1)/share/icons/hicolor" 2>/dev/null; \
		systemctl $(2) --quiet daemon-reload 2>/dev/null; \
	fi; true

# A cache that describes nothing any more goes, with its folder.
tidy = for cache in share/applications/mimeinfo.cache share/icons/hicolor/icon-theme.cache; do \
		folder="$(DESTDIR)$(1)/$$(dirname $$cache)"; \
		if [ -d "$$folder" ] && [ -z "$$(ls -A "$$folder" | grep -vx "$$(basename $$cache)")" ]; then \
			rm -f "$(DESTDIR)$(1)/$$cache" && (cd "$(DESTDIR)$(1)" && rmdir -p --ignore-fail-on-non-empty "$$(dirname $$cache)"); \
		fi; \
	done

put = @test -x $(FOYER) || { echo "$(FOYER) is missing: make build comes first" >&2; exit 1; }; \
	$(FOYER) version >/dev/null || { echo "Foyer does not run here. If libraries are missing, install.md names the packages that have them." >&2; exit 1; }; \
	{ mkdir -p "$(DESTDIR)$(1)/bin" 2>/dev/null && test -w "$(DESTDIR)$(1)/bin"; } || \
		{ echo "You may not write to $(DESTDIR)$(1). Do it as root, or with \"make user-install\" for you alone." >&2; exit 1; }; \
	install -d "$(DESTDIR)$(1)/bin" && install -m 755 $(FOYER) "$(DESTDIR)$(1)/bin/foyer" && \
	$(FOYER) files --program "$(1)/bin/foyer" "$(DESTDIR)$(1)" && echo "$(DESTDIR)$(1)/bin/foyer" && { $(call refresh,$(1),$(2)); }

# The installed program knows best what it has installed.
take = @test -x "$(DESTDIR)$(1)/bin/foyer" || { echo "Foyer is not installed in $(DESTDIR)$(1)" >&2; exit 1; }; \
	"$(DESTDIR)$(1)/bin/foyer" files --remove "$(DESTDIR)$(1)" && rm "$(DESTDIR)$(1)/bin/foyer" && \
	echo "$(DESTDIR)$(1)/bin/foyer" && { rmdir "$(DESTDIR)$(1)/bin" 2>/dev/null; $(call refresh,$(1),$(2)); $(call tidy,$(1)); }

.PHONY: install
install: ## install what was built below PREFIX, /usr/local if not given
	$(call put,$(PREFIX))

.PHONY: uninstall
uninstall: ## remove what "make install" has installed; rooms and settings stay
	$(call take,$(PREFIX))

.PHONY: user-install
user-install: ## install what was built in ~/.local, for you alone
	$(call put,$(USER_PREFIX),--user)

.PHONY: user-uninstall
user-uninstall: ## remove what "make user-install" has installed
	$(call take,$(USER_PREFIX),--user)
