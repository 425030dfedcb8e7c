# container tools: see README.md. `make help` lists the targets.

PLATFORM ?= $(shell [ "$$(uname -s)" = Linux ] && echo linux || echo posix)
# What reads gzip: ISA-L where it is installed, at twice the speed of zlib, which serves everywhere.
GZIP	 ?= $(shell echo '\#include <isa-l.h>' | $(CC) -E - >/dev/null 2>&1 && echo isal || echo zlib)
# cr-exec needs nothing but the C library, and is linked with it where that can be had; and stripped, as it runs from a copy of
# itself in memory. It starts a third faster so. For a debugger: STATIC=
STATIC	 ?= $(shell echo 'int main(void) { return 0; }' | $(CC) -static-pie -x c -o /dev/null - 2>/dev/null && echo -static-pie -s)
BUILD	 ?= build/$(PLATFORM)-$(GZIP)
OUT	 ?= bin
PREFIX	 ?= /usr/local
SHARE	  = $(DESTDIR)$(PREFIX)/share

CC	 ?= cc
CFLAGS	 ?= -O2 -g
WARN	  = -Wall -Wextra -Wshadow -Wconversion -Wmissing-prototypes -Wstrict-prototypes -Wvla
HARDEN	  = -fPIE -fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
ALL_CFLAGS  = -std=c11 $(WARN) $(HARDEN) $(CFLAGS)
ALL_CPPFLAGS = -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -iquote lib $(CPPFLAGS)
# For the tests: the portable variant may be built on Linux, too.
ifneq ($(PLATFORM),linux)
ALL_CPPFLAGS += -DCR_PORTABLE
endif
ALL_LDFLAGS = -pie -Wl,-z,relro,-z,now -Wl,--as-needed $(LDFLAGS)

OTHER	  = $(if $(filter linux,$(PLATFORM)),posix,linux)
OTHER_GZIP = $(if $(filter isal,$(GZIP)),zlib,isal)
LIB_SRC	  = $(filter-out lib/%_$(OTHER).c lib/%_$(OTHER_GZIP).c,$(wildcard lib/*.c))
# What is made of share/seccomp.json, by a program of the machine that builds: HOSTCC is its compiler, also where CC is for another.
# Only Linux has numbers of system calls, which it asks libseccomp for; nothing that is installed needs that.
HOSTCC	 ?= cc
MADE_linux = x86_64 aarch64
MADE	  = default $(MADE_$(PLATFORM))
SECCOMP_linux = -DNUMBERS -lseccomp
SECCOMP_BUILD = $(BUILD)/seccomp-build
SECCOMP_SRC = share/seccomp-build.c lib/sandbox_defaults.c lib/err.c lib/buf.c lib/io.c $(wildcard lib/json*.c) \
	      $(filter-out lib/seccomp_native_%.c lib/%_$(OTHER).c,$(wildcard lib/seccomp*.c))

LIB_OBJ	  = $(LIB_SRC:%.c=$(BUILD)/%.o) $(MADE:%=$(BUILD)/seccomp/%.o)
LIB	  = $(BUILD)/libcr.a
PROGRAMS  = $(patsubst bin/%.c,$(OUT)/%,$(wildcard bin/cr-*.c))

# What each program needs beyond libc: no more (a test looks with ldd).
LIBS_cr-fetch-manifest = -lcurl -lcrypto
LIBS_cr-fetch-blob     = -lcurl -lcrypto
LIBS_cr-login	       = -lcurl -lcrypto
LIBS_cr-verify	       = -lcrypto
LIBS_cr-unpack	       = -lcrypto -ltar $(LIBS_$(GZIP)) -lzstd
LIBS_isal	       = -lisal
LIBS_zlib	       = -lz
LIBS_cr-mkrootfs       = -lcrypto
LIBS_cr-tag	       = -lcrypto
LIBS_cr-cat	       = -lcrypto
LIBS_cr-inspect	       = -lcrypto
LIBS_cr-ps	       =
LIBS_cr-kill	       =
LIBS_cr-wait	       =
LIBS_cr-logs	       =
LIBS_cr-rm	       =
LIBS_cr-exec	       = $(STATIC)

all: $(PROGRAMS) ## build the programs into bin/

# Programs of another variant in the same place are not up to date, however new they are.
STAMP = build/variant-of$(subst /,-,$(abspath $(OUT)))
$(STAMP): FORCE
	@mkdir -p $(@D)
	@echo $(PLATFORM) $(GZIP) | cmp -s - $@ || echo $(PLATFORM) $(GZIP) >$@
FORCE:

$(OUT)/%: $(BUILD)/bin/%.o $(LIB) $(STAMP)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $< $(LIB) $(LIBS_$*)

$(LIB): $(LIB_OBJ)
	@rm -f $@
	$(AR) rcs $@ $^

$(SECCOMP_BUILD): $(SECCOMP_SRC) $(wildcard lib/seccomp*.h) lib/json.h lib/sandbox.h
	@mkdir -p $(@D)
	@[ $(PLATFORM) != linux ] || echo '#include <seccomp.h>' | $(HOSTCC) -E - >/dev/null 2>&1 || \
		{ echo 'libseccomp is needed to build (Debian: libseccomp-dev)' >&2; exit 1; }
	$(HOSTCC) -std=c11 -O1 $(WARN) -D_GNU_SOURCE -iquote lib -o $@ $(SECCOMP_SRC) $(SECCOMP_$(PLATFORM))

$(MADE:%=$(BUILD)/seccomp/%.c): $(BUILD)/seccomp/%.c: share/seccomp.json $(SECCOMP_BUILD)
	@mkdir -p $(@D)
	$(SECCOMP_BUILD) $< $* >$@.new
	@mv $@.new $@

$(MADE:%=$(BUILD)/seccomp/%.o): %.o: %.c
	$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -c -o $@ $<

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -c -o $@ $<

-include $(LIB_OBJ:.o=.d) $(PROGRAMS:$(OUT)/%=$(BUILD)/bin/%.d)

$(BUILD)/tests/unit/%: tests/unit/%.c tests/unit/test.h $(LIB)
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) -Itests/unit $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $< $(LIB) -lcurl -lcrypto -ltar -lz $(LIBS_$(GZIP)) -lzstd $(if $(filter test_seccomp_linux,$*),-lseccomp)

# The other reader of gzip, in place of the library's own.
$(BUILD)/tests/unit/test_inflate_zlib: tests/unit/test_inflate.c tests/unit/test.h $(BUILD)/lib/inflate_zlib.o $(LIB)
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) -Itests/unit $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $< $(BUILD)/lib/inflate_zlib.o $(LIB) -lz -lzstd

# A fuzz target with FUZZ_MAIN runs what it is given; without one, and with -fsanitize=fuzzer, it is a fuzzer (tests/fuzz/run).
FUZZ_MAIN ?= tests/fuzz/replay.c
$(BUILD)/tests/fuzz/%: tests/fuzz/%.c tests/fuzz/fuzz.h tests/fuzz/replay.c $(LIB)
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) -Itests/fuzz $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $< $(FUZZ_MAIN) $(LIB) -lcurl -lcrypto -ltar -lz $(LIBS_$(GZIP)) -lzstd

clean: ## remove what was built (the store in data/ stays)
	rm -rf build $(PROGRAMS)

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1\t/p' Makefile | expand -t 16

check: ## install what the tests need, and run them all; PLATFORM=posix: those of the portable variant
	@share/install-packages build demo test || echo 'make check: going on without; some tests will skip' >&2
	@tests/run $(if $(filter posix,$(PLATFORM)),portable)

demo: ## pull and run busybox from a registry on loopback; IMAGE=docker.io/library/alpine: from the Internet
	@share/install-packages build demo
	@$(MAKE) -s all
	@share/demo $(IMAGE)

lint: ## compile with warnings as errors, and read every script with shellcheck
	@tests/run build shell

bench-fetch: ## pulls beside skopeo's: a table of times and memory; RUNS=5
	@share/install-packages build demo bench
	@$(MAKE) -s all
	@tests/bench/fetch

bench-unpack: ## unpacking beside the shell's limit, skopeo and umoci, podman: tables of times and memory; RUNS=5
	@share/install-packages build demo bench
	@$(MAKE) -s all
	@tests/bench/unpack

bench-exec: ## containers beside chroot, bubblewrap, crun, runc and podman: tables of times and memory; RUNS=50
	@share/install-packages build demo bench
	@$(MAKE) -s all
	@tests/bench/exec

bench: bench-fetch bench-unpack bench-exec ## all tables

torture: ## kill pulls, cut the power, all hostile layers, stacks, races, mutants; KILLS=1000 CUTS=100 RACES=50000 SEEDS=1000
	@share/install-packages build demo test
	@KILLS=$${KILLS:-1000} CUTS=$${CUTS:-100} RACES=$${RACES:-50000} SEEDS=$${SEEDS:-1000} HOSTILE=$${HOSTILE:-all} \
		FILE_SECONDS=36000 tests/run build kill-fetch.bats hostile.bats race.bats umoci.bats escape-kill.bats
	@tests/mutants

mutants: ## take the checks of layers away, one by one, and see that a test misses each
	@share/install-packages build test
	@tests/mutants

fuzz: ## run the fuzzers, SECONDS=1200 for each, JOBS=2 at once; FUZZ=json: that one
	@share/install-packages build fuzz
	@$(MAKE) -s all
	@FUZZ_SECONDS=$(SECONDS) FUZZ_JOBS=$(JOBS) tests/fuzz/run $(FUZZ)

install: all ## put programs, man pages and completions below $(DESTDIR)$(PREFIX)
	install -d $(SHARE)/bash-completion/completions $(DESTDIR)$(PREFIX)/bin
	install -m 755 $(PROGRAMS) bin/container $(DESTDIR)$(PREFIX)/bin
	for page in share/man/man*/*.[1-9]; do \
		install -D -m 644 "$$page" "$(DESTDIR)$(PREFIX)/$$page" || exit; \
	done
	install -m 644 share/completions/container.bash $(SHARE)/bash-completion/completions/container
	for program in $(notdir $(PROGRAMS)); do \
		ln -sf container "$(SHARE)/bash-completion/completions/$$program" || exit; \
	done
	install -D -m 644 share/completions/container.zsh $(SHARE)/zsh/site-functions/_container
	install -D -m 644 share/completions/container.fish $(SHARE)/fish/vendor_completions.d/container.fish

.SECONDARY:
.PHONY: FORCE all bench bench-exec bench-fetch bench-unpack check clean demo fuzz help install lint mutants torture
