# make install          for everybody, in /usr/local (PREFIX=/opt/foyer: elsewhere); as root
# make user-install     for you alone, in ~/.local
# make uninstall, make user-uninstall

.PHONY: help
help: ## list what can be made
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s  %s\n", $$1, $$2}' $(MAKEFILE_LIST)

FOYER := ./foyer
