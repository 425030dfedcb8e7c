# container tools: see README.md. `make help` lists the targets.

PLATFORM ?= $(shell [ "$$(uname -s)" = Linux ] && echo linux || echo posix)
BUILD	 ?= build/$(PLATFORM)
PREFIX	 ?= /usr/local

CC	 ?= cc
CFLAGS	 ?= -O2 -g
WARN	  = -Wall -Wextra -Wshadow -Wconversion -Wmissing-prototypes -Wstrict-prototypes -Wvla
HARDEN	  = -fPIE -fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
ALL_CFLAGS  = -std=c11 $(WARN) $(HARDEN) $(CFLAGS)
ALL_CPPFLAGS = -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -Ilib $(CPPFLAGS)
ALL_LDFLAGS = -pie -Wl,-z,relro,-z,now -Wl,--as-needed $(LDFLAGS)

OTHER	  = $(if $(filter linux,$(PLATFORM)),posix,linux)
LIB_SRC	  = $(filter-out lib/%_$(OTHER).c,$(wildcard lib/*.c))
LIB_OBJ	  = $(LIB_SRC:%.c=$(BUILD)/%.o)
LIB	  = $(BUILD)/libcr.a
PROGRAMS  = $(patsubst %.c,%,$(wildcard bin/cr-*.c))

# What each program needs beyond libc: no more (a test looks with ldd).
LIBS_cr-fetch-manifest = -lcurl -lcrypto
LIBS_cr-fetch-blob     = -lcurl -lcrypto
LIBS_cr-verify	       = -lcrypto
LIBS_cr-unpack	       = -lcrypto -ltar -lz -lzstd
LIBS_cr-mkrootfs       = -lcrypto
LIBS_cr-tag	       = -lcrypto
LIBS_cr-cat	       = -lcrypto
LIBS_cr-inspect	       = -lcrypto
LIBS_cr-exec	       =

all: $(PROGRAMS) ## build the programs into bin/

bin/%: $(BUILD)/bin/%.o $(LIB)
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $< $(LIB) $(LIBS_$*)

$(LIB): $(LIB_OBJ)
	$(AR) rcs $@ $^

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -c -o $@ $<

-include $(LIB_OBJ:.o=.d) $(PROGRAMS:%=$(BUILD)/%.d)

clean: ## remove what was built (the store in data/ stays)
	rm -rf build $(PROGRAMS)

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1\t/p' Makefile | expand -t 16

.PHONY: all clean help
