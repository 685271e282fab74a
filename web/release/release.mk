# `make dist`: everything that a release publishes, in $(BUILD)/dist. Two builds of the same commit by the same compilers
# give the same bytes, in whatever folder: archives are sorted, and the only time in them is SOURCE_DATE_EPOCH.
DIST := $(BUILD)/dist
RELEASE := sonomask-$(VERSION)
DIST_INPUTS = package $(BUILD)/sonomask $(WHEEL_FOLDER)/.made weights/SHA256SUMS node_modules/.package-lock.json

.PHONY: dist test-dist
dist: ## Make everything of a release in build/dist: npm package, wheel, source archive, pages, SBOM, checksums
	@.ci/setup dist
	@rm -f $(WHEEL_FOLDER)/.made # so that its time is that of this commit
	@$(MAKE) $(QUIET_JOBS) $(DIST_INPUTS)
	@umask 022 && web/release/dist.sh "$(DIST)" "$(RELEASE)" "$(SOURCE_DATE_EPOCH)" "$(BUILD)/package" "$(WHEEL_FOLDER)"

test-dist: ## Build the release twice, in two folders, compare the bytes, and serve the page with real web servers
	@BUILD=$(BUILD) MAKE="$(MAKE)" tests/release/test_dist.sh
