# make install [PREFIX=/usr/local] [DESTDIR=] [LIBDIR=PREFIX/lib]; make uninstall with the same values; make test-install.
# Files of the installation refer to each other by relative paths, so DESTDIR and a moved prefix both work.
PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
DESTDIR ?=
CXX ?= g++
OBJCOPY ?= objcopy

# The public interface: what these headers declare with SM_API is exported, and nothing else.
PUBLIC_HEADERS := src/sonomask.h src/types.h src/image.h src/mask.h src/descriptors.h
header_number = $(shell sed -n 's/^\#define $(1) //p' src/sonomask.h)
VERSION := $(call header_number,SM_VERSION_MAJOR).$(call header_number,SM_VERSION_MINOR).$(call header_number,SM_VERSION_PATCH)
ABI_VERSION := $(call header_number,SM_ABI_VERSION)
SONAME := libsonomask.so.$(ABI_VERSION)
SHARED_NAME := $(SONAME).$(call header_number,SM_VERSION_MINOR).$(call header_number,SM_VERSION_PATCH)

INSTALLED := $(BUILD)/install
INSTALLED_FILES := $(INSTALLED)/$(SHARED_NAME) $(INSTALLED)/libsonomask.a $(INSTALLED)/sonomask.1 \
	$(INSTALLED)/sonomask.3 $(BUILD)/sonomask

$(INSTALLED)/$(SHARED_NAME): $(CORE_OBJECTS) $(KERNEL_OBJECTS) $(BUILD)/CORE_OBJECTS.flags
	@mkdir -p $(@D)
	$(call note,LINK,$@)
	$(Q)$(CC) -shared -Wl,-soname,$(SONAME) -Wl,-z,defs -Wl,--strip-debug -o $@ $(filter %.o,$^) -lm

# One object whose hidden symbols are local, so that a program may define the same names, for example its own stb_image.
$(INSTALLED)/libsonomask.a: $(CORE_OBJECTS) $(KERNEL_OBJECTS) $(BUILD)/CORE_OBJECTS.flags
	@mkdir -p $(@D)
	$(call note,LINK,$@)
	$(Q)$(CC) -r -nostdlib -o $(@:.a=.o) $(filter %.o,$^)
	$(Q)$(OBJCOPY) --localize-hidden --strip-debug $(@:.a=.o)
	$(Q)rm -f $@ && ar rcs $@ $(@:.a=.o)

$(INSTALLED)/sonomask.1: native/install/man_page_1.sh $(BUILD)/sonomask
	@mkdir -p $(@D)
	$(Q)$< $(BUILD)/sonomask > $@
$(INSTALLED)/sonomask.3: native/install/man_page_3.sh $(PUBLIC_HEADERS)
	@mkdir -p $(@D)
	$(Q)$< $(VERSION) $(PUBLIC_HEADERS) > $@

.PHONY: install uninstall test-install
# Words are separated by spaces in make, so uninstall would take a PREFIX with a space for two paths.
no_spaces = $(if $(word 2,$(PREFIX))$(word 2,$(LIBDIR)),$(error PREFIX and LIBDIR must not contain spaces))
# What goes where, below DESTDIR.
BINDIR := $(PREFIX)/bin
INCLUDEDIR := $(PREFIX)/include/sonomask
SHAREDIR := $(PREFIX)/share/sonomask
DOCDIR := $(PREFIX)/share/doc/sonomask
MANDIR := $(PREFIX)/share/man
DOCUMENTS := LICENSE THIRD_PARTY_NOTICES.md weights/MODEL_CARD.md weights/MEASURES.md
# The files below DESTDIR, for uninstall.
INSTALLED_PATHS := $(BINDIR)/sonomask $(PUBLIC_HEADERS:src/%=$(INCLUDEDIR)/%) $(LIBDIR)/libsonomask.a \
	$(LIBDIR)/libsonomask.so $(LIBDIR)/$(SONAME) $(LIBDIR)/$(SHARED_NAME) $(LIBDIR)/pkgconfig/sonomask.pc \
	$(SHAREDIR)/sonomask.safetensors $(addprefix $(DOCDIR)/,$(notdir $(DOCUMENTS))) \
	$(MANDIR)/man1/sonomask.1 $(MANDIR)/man3/sonomask.3

install: ## Install the program, the C library, its headers and manual pages: PREFIX, LIBDIR, DESTDIR
	@$(no_spaces)$(MAKE) $(QUIET_JOBS) $(INSTALLED_FILES)
	install -d "$(DESTDIR)$(BINDIR)" "$(DESTDIR)$(INCLUDEDIR)" "$(DESTDIR)$(LIBDIR)/pkgconfig" "$(DESTDIR)$(SHAREDIR)" \
		"$(DESTDIR)$(DOCDIR)" "$(DESTDIR)$(MANDIR)/man1" "$(DESTDIR)$(MANDIR)/man3"
	install -m 755 $(BUILD)/sonomask "$(DESTDIR)$(BINDIR)"
	install -m 644 $(PUBLIC_HEADERS) "$(DESTDIR)$(INCLUDEDIR)"
	install -m 644 $(INSTALLED)/libsonomask.a "$(DESTDIR)$(LIBDIR)"
	install -m 755 $(INSTALLED)/$(SHARED_NAME) "$(DESTDIR)$(LIBDIR)"
	ln -sfn $(SHARED_NAME) "$(DESTDIR)$(LIBDIR)/$(SONAME)"
	ln -sfn $(SONAME) "$(DESTDIR)$(LIBDIR)/libsonomask.so"
	sed -e 's|@RELATIVE_PREFIX@|$(shell realpath -m --relative-to='$(LIBDIR)/pkgconfig' '$(PREFIX)')|' \
		-e 's|@VERSION@|$(VERSION)|' native/install/sonomask.pc.in > "$(DESTDIR)$(LIBDIR)/pkgconfig/sonomask.pc"
	install -m 644 weights/sonomask.safetensors "$(DESTDIR)$(SHAREDIR)"
	install -m 644 $(DOCUMENTS) "$(DESTDIR)$(DOCDIR)"
	install -m 644 $(INSTALLED)/sonomask.1 "$(DESTDIR)$(MANDIR)/man1"
	install -m 644 $(INSTALLED)/sonomask.3 "$(DESTDIR)$(MANDIR)/man3"

uninstall: ## Remove what `make install` with the same values has installed
	$(no_spaces)rm -f $(INSTALLED_PATHS:%="$(DESTDIR)%")
	-rmdir "$(DESTDIR)$(INCLUDEDIR)" "$(DESTDIR)$(SHAREDIR)" "$(DESTDIR)$(DOCDIR)"

# Installs into the build folder and uses the installation as another program would.
test-install: ## Install into the build folder and use the library from C and C++
	@BUILD=$(BUILD) MAKE="$(MAKE)" CXX="$(CXX)" tests/install/test_install.sh
