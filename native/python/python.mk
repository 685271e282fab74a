# The Python package `sonomask`: make wheel, make test-python. The library of the package holds the public C interface,
# the threads and the commands of the program; setuptools puts it into the wheel (native/python/build_commands.py).
PYTHON ?= /usr/bin/python3
PYTHON_BUILD := $(BUILD)/python
PYTHON_LIBRARY := $(PYTHON_BUILD)/libsonomask.so
PYTHON_OBJECTS := $(filter-out $(BUILD)/native/main.o,$(NATIVE_OBJECTS)) $(BUILD)/native/python/exports.o $(CORE_OBJECTS) \
	$(KERNEL_OBJECTS)
# hypot got a new symbol version in glibc 2.35, for the same function without a check of errors. With the old version
# the library runs from glibc 2.34 on. Only x86-64 has this old version.
OLD_SYMBOLS := $(if $(filter x86_64-%,$(shell $(CC) -dumpmachine)),--redefine-sym hypot=hypot@GLIBC_2.2.5)

$(PYTHON_LIBRARY): $(PYTHON_OBJECTS) $(BUILD)/CORE_OBJECTS.flags $(BUILD)/NATIVE_OBJECTS.flags
	@mkdir -p $(@D)
	$(call note,LINK,$@)
	$(Q)$(CC) -r -nostdlib -o $(@:.so=.o) $(filter %.o,$^)
	$(Q)$(OBJCOPY) --strip-debug $(OLD_SYMBOLS) $(@:.so=.o)
	$(Q)$(CC) -shared -Wl,-soname,$(@F) -Wl,-z,defs -Wl,--strip-all -o $@ $(@:.so=.o) $(LDLIBS)

# What the package contains beside its modules. Called by native/python/build_commands.py.
.PHONY: python-data
python-data: $(PYTHON_LIBRARY)
	@if [ -z "$(INTO)" ]; then echo 'usage: make python-data INTO=DIR'; exit 2; fi
	$(Q)install -d "$(INTO)"
	$(Q)install -m 755 $(PYTHON_LIBRARY) "$(INTO)"
	$(Q)install -m 644 weights/sonomask.safetensors weights/MODEL_CARD.md weights/MEASURES.md "$(INTO)"

# setuptools would put its own files into build/ and beside the sources.
define PYTHON_SETUP
[build]
build_base = $(abspath $(PYTHON_BUILD))/setuptools
[egg_info]
egg_base = $(abspath $(PYTHON_BUILD))
endef
WHEEL_FOLDER := $(PYTHON_BUILD)/wheel
PYTHON_SOURCES := $(wildcard native/python/*.py native/python/sonomask/*.py) native/python/sonomask/py.typed
$(WHEEL_FOLDER)/.made: $(PYTHON_LIBRARY) $(PYTHON_SOURCES) pyproject.toml native/python/README.md $(DOCUMENTS) \
		weights/sonomask.safetensors
	@mkdir -p $(@D)
	$(file >$(PYTHON_BUILD)/setup.cfg,$(PYTHON_SETUP))
	$(call note,WHEEL,$(@D))
	$(Q)rm -rf $(@D)/*.whl $(PYTHON_BUILD)/setuptools
	+$(Q)DIST_EXTRA_CONFIG=$(abspath $(PYTHON_BUILD))/setup.cfg SOURCE_DATE_EPOCH=$(SOURCE_DATE_EPOCH) MAKE="$(MAKE)" \
		PYTHONDONTWRITEBYTECODE=1 $(PYTHON) -m pip --disable-pip-version-check wheel --quiet --no-deps \
		--no-build-isolation --no-index --wheel-dir $(@D) .
	$(Q)touch $@

.PHONY: wheel
wheel: ## Build the wheel of the Python package into build/python/wheel
	@$(MAKE) $(QUIET_JOBS) $(WHEEL_FOLDER)/.made
	@ls $(WHEEL_FOLDER)/*.whl

# The tests use the installed wheel, in a fresh environment that has only NumPy beside it.
PYTHON_VENV := $(PYTHON_BUILD)/venv
$(PYTHON_VENV)/.made: $(WHEEL_FOLDER)/.made
	$(Q)rm -rf $(PYTHON_VENV)
	$(Q)$(PYTHON) -m venv --system-site-packages --without-pip $(PYTHON_VENV)
	$(Q)$(PYTHON) -m pip --python $(PYTHON_VENV)/bin/python install --quiet --disable-pip-version-check --no-index \
		--no-compile --no-deps $(WHEEL_FOLDER)/*.whl
	$(Q)touch $@
$(PYTHON_BUILD)/prompt_weights.safetensors: $(BUILD)/tests/prompt_weights
	@mkdir -p $(@D)
	$(Q)$< $@

.PHONY: test-python lint-python
test-python: ## Run the tests of the Python package
	@$(MAKE) $(QUIET_JOBS) $(PYTHON_VENV)/.made $(PYTHON_BUILD)/prompt_weights.safetensors $(BUILD)/sonomask
	BUILD=$(abspath $(BUILD)) PYTHONDONTWRITEBYTECODE=1 $(PYTHON_VENV)/bin/python -W error -m unittest discover -s tests/python
lint-python: ## Check the types of the Python package
	$(PYTHON) -m mypy --cache-dir $(PYTHON_BUILD)/mypy
