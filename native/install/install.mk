# make install [PREFIX=/usr/local] [DESTDIR=] [LIBDIR=PREFIX/lib]; make uninstall with the same values; make test-install.
# Files of the installation refer to each other by relative paths, so DESTDIR and a moved prefix both work.
PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
DESTDIR ?=
CXX ?= g++
OBJCOPY ?= objcopy

# The public interface: what these headers declare with SM_API is exported, and nothing else.
PUBLIC_HEADERS := src/sonomask.h src/types.h src/image.h src/mask.h
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
install: ## Install the program, the C library, its headers and manual pages: PREFIX, LIBDIR, DESTDIR
	@$(MAKE) $(QUIET_JOBS) $(INSTALLED_FILES)
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/include/sonomask $(DESTDIR)$(LIBDIR)/pkgconfig \
		$(DESTDIR)$(PREFIX)/share/sonomask $(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(PREFIX)/share/man/man3
	install -m 755 $(BUILD)/sonomask $(DESTDIR)$(PREFIX)/bin/sonomask
	install -m 644 $(PUBLIC_HEADERS) $(DESTDIR)$(PREFIX)/include/sonomask
	install -m 644 $(INSTALLED)/libsonomask.a $(DESTDIR)$(LIBDIR)/libsonomask.a
	install -m 755 $(INSTALLED)/$(SHARED_NAME) $(DESTDIR)$(LIBDIR)/$(SHARED_NAME)
	ln -sfn $(SHARED_NAME) $(DESTDIR)$(LIBDIR)/$(SONAME)
	ln -sfn $(SONAME) $(DESTDIR)$(LIBDIR)/libsonomask.so
	sed -e 's|@RELATIVE_PREFIX@|$(shell realpath -m --relative-to='$(LIBDIR)/pkgconfig' '$(PREFIX)')|' \
		-e 's|@VERSION@|$(VERSION)|' native/install/sonomask.pc.in > $(DESTDIR)$(LIBDIR)/pkgconfig/sonomask.pc
	install -m 644 weights/sonomask.safetensors $(DESTDIR)$(PREFIX)/share/sonomask/sonomask.safetensors
	install -m 644 $(INSTALLED)/sonomask.1 $(DESTDIR)$(PREFIX)/share/man/man1/sonomask.1
	install -m 644 $(INSTALLED)/sonomask.3 $(DESTDIR)$(PREFIX)/share/man/man3/sonomask.3

uninstall: ## Remove what `make install` with the same values has installed
	rm -f $(DESTDIR)$(PREFIX)/bin/sonomask $(PUBLIC_HEADERS:src/%=$(DESTDIR)$(PREFIX)/include/sonomask/%) \
		$(DESTDIR)$(LIBDIR)/libsonomask.a $(DESTDIR)$(LIBDIR)/libsonomask.so $(DESTDIR)$(LIBDIR)/$(SONAME) \
		$(DESTDIR)$(LIBDIR)/$(SHARED_NAME) $(DESTDIR)$(LIBDIR)/pkgconfig/sonomask.pc \
		$(DESTDIR)$(PREFIX)/share/sonomask/sonomask.safetensors \
		$(DESTDIR)$(PREFIX)/share/man/man1/sonomask.1 $(DESTDIR)$(PREFIX)/share/man/man3/sonomask.3
	-rmdir $(DESTDIR)$(PREFIX)/include/sonomask $(DESTDIR)$(PREFIX)/share/sonomask

# Installs into the build folder and uses the installation as another program would.
test-install: ## Install into the build folder and use the library from C and C++
	@BUILD=$(BUILD) MAKE="$(MAKE)" CXX="$(CXX)" tests/install/test_install.sh
