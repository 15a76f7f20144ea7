# The make targets that people know, as a shim: everything is done by `cargo xtask`.
#
# Values reach the shell through its environment, never as part of a command line, and make does
# not expand what is in them. GNU make 3.81 is enough.

.PHONY: help qr-promote update-schemas promote
.DEFAULT_GOAL := help

export XTASK_REF := $(value REF)
# In the environment, `ENV` may also be the startup file of the shell: a path, so not meant.
is-startup-file := $(and $(findstring environment,$(origin ENV)),$(findstring /,$(value ENV)))
export XTASK_ENV := $(if $(is-startup-file),,$(value ENV))
export XTASK_DRY_RUN := $(filter-out 0 no false,$(value DRY_RUN))
export XTASK_ARGS := $(value ARGS)
export XTASK_DO_COMMIT := $(value DO_COMMIT)
unexport REF ENV DRY_RUN ARGS DO_COMMIT

define xtask
@set -f; set -- $(1); \
if [ -n "$$XTASK_REF" ]; then set -- "$$@" --ref "$$XTASK_REF"; fi; \
if [ -n "$$XTASK_DRY_RUN" ]; then set -- "$$@" --dry-run; fi; \
$(2)unset ENV; export DO_COMMIT="$$XTASK_DO_COMMIT"; exec cargo xtask "$$@" $$XTASK_ARGS
endef

envs = for env in $$(printf %s "$$XTASK_ENV" | tr , ' '); do set -- "$$@" --env "$$env"; done; \

qr-promote:
	$(call xtask,qr-promote,$(envs))

update-schemas:
	$(call xtask,update-schemas)

promote:
	$(call xtask,promote,$(envs))

help:
	@echo 'make qr-promote              promote qontract-reconcile: every environment'
	@echo 'make qr-promote ENV=tekton   only that one; several with commas or blanks'
	@echo 'make update-schemas          promote qontract-schemas'
	@echo 'make promote ENV=tekton      promote qontract-reconcile in the named environments'
	@echo
	@echo 'REF=REF        the version: a commit, a branch or a tag (default: the newest)'
	@echo 'DRY_RUN=1      show what would change, write nothing'
	@echo 'DO_COMMIT=1    also commit the promoted files'
	@echo 'ARGS="..."     more options; `cargo xtask help` has them all'
