#!/usr/bin/env bats
# Documents that are not to be believed, and those that need not be asked for: THREATS 7.2, R44 to R61.

load helper
load faults

setup_file() {
	start_faults alone
}

teardown_file() {
	stop_faults
}

setup() {
	setup_store
	need_faults
}

# refuses CASE WORDS: the document is refused, and no layer is asked for
refuses() {
	resolve "document/$1"
	not_resolved 3 "$2"
	[ "$(asked "$LAYER")" -eq 0 ]
}

# empty_store: nothing has come into it
empty_store() {
	[ -z "$(find "$CR_STORE/images/blobs/sha256" -type f 2>/dev/null)" ]
}

# --- asking for nothing ---

@test "an image that is up to date sends HEAD alone" {
	resolve plain/x
	resolved
	forget
	resolve plain/x
	resolved
	[ "$(asked)" -eq 1 ]
	[ "$(asked $'HEAD\t/v2/plain/x/manifests/latest')" -eq 1 ]
}

@test "an image of several platforms that is up to date sends HEAD alone" {
	resolve plain/x:multi
	resolved
	forget
	resolve plain/x:multi
	resolved
	[ "$(asked)" -eq 1 ]
	[ "$(asked 'HEAD')" -eq 1 ]
}

@test "HEAD accepts all four types of documents" {
	resolve plain/x
	for type in oci.image.index.v1 oci.image.manifest.v1 docker.distribution.manifest.v2 docker.distribution.manifest.list.v2; do
		headers | grep -P '\tHEAD\t' | grep -i $'\taccept:' | grep -qF "$type+json"
	done
}

@test "a digest whose image is there sends nothing, and opens no socket" {
	need_strace
	resolve "plain/x@$MANIFEST"
	resolved
	forget
	run --separate-stderr traced cr-fetch-manifest -p linux/amd64 "$FAULTS/plain/x@$MANIFEST"
	resolved
	[ "$(asked)" -eq 0 ]
	[ ! -s "$BATS_TEST_TMPDIR/trace" ]
}

@test "an index by its digest, whose image is there, sends nothing" {
	resolve "plain/x@$INDEX"
	resolved
	forget
	resolve "plain/x@$INDEX"
	resolved
	[ "$(asked)" -eq 0 ]
}

@test "HEAD 405: GET" {
	resolve head/405
	resolved
	[ "$(asked $'GET\t/v2/head/405/manifests/latest')" -eq 1 ]
}

@test "HEAD 404: GET decides" {
	resolve head/404
	resolved
}

@test "HEAD 500: GET decides" {
	resolve head/500
	resolved
}

@test "HEAD without a digest: GET" {
	resolve head/silent
	resolved
	[ "$(asked $'GET\t/v2/head/silent/manifests/latest')" -eq 1 ]
}

@test "HEAD with a digest that is none: GET" {
	resolve head/nonsense
	resolved
}

@test "HEAD with a digest that is not the document's: GET, and nothing has the lie's name" {
	resolve head/lying
	resolved
	[ ! -e "$(blob "sha256:$(printf x | sha256sum | cut -d ' ' -f 1)")" ]
}

@test "HEAD whose connection breaks is tried again" {
	resolve head/reset-once --retries 1
	resolved
}

@test "HEAD without a digest asks for a document that is there anew" {
	resolve head/silent
	resolve head/silent
	resolved
	[ "$(asked $'GET\t/v2/head/silent/manifests/latest')" -eq 2 ]
}

@test "--offline opens no socket, and finds by digest what is there" {
	need_strace
	resolve plain/x
	forget
	run --separate-stderr traced cr-fetch-manifest --offline -p linux/amd64 "$FAULTS/plain/x@$MANIFEST"
	resolved
	[ ! -s "$BATS_TEST_TMPDIR/trace" ]
	[ "$(asked)" -eq 0 ]
}

@test "--offline opens no socket, and does not find what is not there: by digest, by tag, by a name to look up" {
	need_strace
	for ref in "$FAULTS/plain/x@$MANIFEST" "$FAULTS/plain/nosuch" registry.invalid/x busybox; do
		run --separate-stderr traced cr-fetch-manifest --offline "$ref"
		fails 4 ''
		[[ $stderr == *"${ref#registry.invalid/}"* ]]
		[ ! -s "$BATS_TEST_TMPDIR/trace" ]
	done
}

@test "--offline: blobs that are there go through, others are exit 4, and no socket is opened" {
	need_strace
	layer_of plain/x >"$BATS_TEST_TMPDIR/record"
	run --separate-stderr traced cr-fetch-blob --offline <"$BATS_TEST_TMPDIR/record"
	not_fetched 4 ''
	[ ! -s "$BATS_TEST_TMPDIR/trace" ]
	fetch plain/x
	fetched
	run --separate-stderr traced cr-fetch-blob --offline <"$BATS_TEST_TMPDIR/record"
	fetched
	[ ! -s "$BATS_TEST_TMPDIR/trace" ]
}

@test "rate limits are shown with -v alone" {
	resolve limited/x
	resolved
	resolve limited/x -v
	[ "$status" -eq 0 ]
	[[ $stderr == *20* && $stderr == *100* ]]
}

# --- what it is called ---

@test "R44: a manifest that its transport calls an index is refused" {
	refuses called-index 'application/vnd.oci.image.index.v1+json'
}

@test "R44: a manifest that its transport calls another kind of manifest is refused" {
	refuses called-docker 'docker.distribution.manifest.v2'
}

@test "R44: parameters of the type, or a type that says nothing, do no harm" {
	resolve document/parameters
	resolved
	rm -rf "$CR_STORE"
	resolve document/called-json
	resolved
}

@test "R45: a document that is manifest and index at once is refused" {
	refuses both 'manifest and index'
}

@test "R45: so it is when it calls itself an index" {
	refuses both-index 'manifest and index'
}

@test "R46: a document without a mediaType is what its transport calls it" {
	resolve document/untyped
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" -eq 3 ]
	good_store
}

@test "R47: schema 1 is refused by its name" {
	refuses schema-1 'schema 1'
}

@test "R47: signed schema 1 is refused by its name" {
	refuses schema-1-signed 'schema 1'
}

@test "R47: a schema of the future is refused" {
	refuses schema-3 'schemaVersion 3'
}

@test "an artifact that is no image is refused by its type" {
	refuses artifact 'application/vnd.example.chart.v1'
}

# --- sizes ---

@test "R48: a manifest of 4 MiB is taken" {
	resolve document/4-mib
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" -eq 3 ]
	good_store
}

@test "R48: a manifest of 4 MiB and a byte is refused" {
	refuses 4-mib-and-1 4194304
	empty_store
}

@test "R48: a manifest that announces more than 4 MiB is not waited for" {
	resolve "raw-manifest/length-4-mib-and-1@$MANIFEST"
	not_resolved 3 4194304
	within 0 1500
}

@test "R48: a manifest without an announced length is refused after 4 MiB" {
	resolve endless-manifest/x
	not_resolved 3 4194304
	within 0 3000
	empty_store
	[ "$(notes | sed -n 's/poured //p')" -lt 30000000 ]
}

@test "a config of more than 4 MiB is not asked for" {
	resolve document/config-4-mib-and-1
	not_resolved 3 'config'
	[ "$(asked '/blobs/')" -eq 0 ]
}

@test "R58: 4,096 layers are taken" {
	resolve document/layers-4096
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" -eq 4098 ]
}

@test "R58: 4,097 layers are refused" {
	refuses layers-4097 4096
	[ "$(asked '/blobs/')" -eq 0 ]
}

@test "R58: 10,000 layers are refused" {
	refuses layers-10000 4096
}

@test "R58: 4,097 entries of an index are refused" {
	refuses entries-4097 4096
}

# --- digests ---

@test "R49: by digest, other bytes are refused, and not stored" {
	resolve "manifest-wrong/x@$MANIFEST"
	not_resolved 3 "$MANIFEST"
	empty_store
}

@test "R49: an image of an index that is not the one named is refused" {
	resolve manifest-wrong/x:multi
	not_resolved 3 "$MANIFEST"
	[ ! -e "$(blob "$MANIFEST")" ]
}

@test "R50: a digest that GET names and the bytes do not have is refused, or passed over; nothing has its name" {
	resolve manifest-hint/x
	if [ "$status" -eq 0 ]; then resolved; else not_resolved 3 sha256:; fi
	[ ! -e "$(blob "sha256:$(printf x | sha256sum | cut -d ' ' -f 1)")" ]
}

@test "R55: a digest in upper case is refused" {
	refuses digest-upper digest
}

@test "R55: a digest that is a path is refused" {
	refuses digest-path digest
	[ "$(asked '\.\.')" -eq 0 ]
}

@test "R55: a sha512 digest is refused" {
	refuses digest-sha512 digest
}

@test "R55: a digest of 63 digits is refused" {
	refuses digest-63 digest
}

@test "R55: a digest of 65 digits is refused" {
	refuses digest-65 digest
}

@test "R55: a digest with a NUL is refused" {
	refuses digest-nul NUL
}

@test "R55: a layer without a digest is refused" {
	refuses digest-missing digest
}

# --- JSON ---

@test "R51: JSON 64 deep is taken" {
	resolve document/depth-64
	[ "$status" -eq 0 ]
}

@test "R51: JSON 65 deep is refused" {
	refuses depth-65 64
}

@test "R51: JSON 100,000 deep is refused" {
	refuses depth-100000 64
}

@test "R51: a config with JSON deeper than 64 is refused" {
	refuses config-deep 64
}

@test "R52: 262,144 members are refused within a second of work" {
	run --separate-stderr inside env time -f '%U %S' -o "$BATS_TEST_TMPDIR/time" cr-fetch-manifest "$FAULTS/document/keys"
	not_resolved 3 values
	tail -n 1 "$BATS_TEST_TMPDIR/time" | awk '{ exit $1 + $2 > 1 }'
}

@test "R53: a manifest with two members 'layers' is refused" {
	refuses layers-twice layers
}

@test "R54: a size below zero is refused" {
	refuses size-negative size
}

@test "R54: a size with a fraction is refused" {
	refuses size-fraction size
}

@test "R54: a size with an exponent is refused" {
	refuses size-exponent size
}

@test "R54: a size of 2^63 is refused" {
	refuses size-2-63 size
}

@test "R54: a size in quotes is refused" {
	refuses size-text size
}

@test "R54: a layer without a size is refused" {
	refuses size-missing size
}

@test "R54: a size in the index that is not the manifest's is refused" {
	refuses size-of-manifest 'not 5'
}

@test "documents that are none: a page, nothing, half of one, an array, no layers" {
	refuses html JSON
	refuses empty JSON
	refuses not-json JSON
	refuses array 'no JSON object'
	refuses no-layers layers
	empty_store
}

@test "a part of a manifest that nobody asked for is refused" {
	resolve "manifest-part/x@$MANIFEST"
	not_resolved 3 'not asked for'
}

# --- indexes ---

@test "R56: an index that leads to itself is refused" {
	refuses itself 'the registry sent'
	[ "$(asked)" -le 6 ]
}

@test "R56: indexes 100 deep are refused after the fourth" {
	refuses nested-100 'nested deeper than 4'
	[ "$(asked)" -le 7 ]
}

@test "R56: indexes 4 deep are not" {
	resolve document/nested-4
	resolved
}

@test "R57: no image for the platform is exit 4, and says which there are" {
	resolve document/no-platform
	not_resolved 4 'linux/arm64'
	[[ $stderr == *linux/amd64* ]]
}

@test "R57: an index of no images at all is exit 4" {
	resolve document/no-images
	not_resolved 4 'linux/amd64'
}

# --- layers and config ---

@test "R59: the same layer twice is two records and one transfer" {
	resolve document/same-layer
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" -eq 4 ]
	[ "${lines[2]}" = "${lines[3]}" ]
	printf '%s\n' "${lines[@]}" >"$BATS_TEST_TMPDIR/record"
	run --separate-stderr inside cr-fetch-blob <"$BATS_TEST_TMPDIR/record"
	fetched
	[ "$(asked "$LAYER")" -eq 1 ]
}

@test "R60: a layer's urls are never asked" {
	resolve document/urls
	[ "$status" -eq 0 ]
	printf '%s\n' "${lines[@]}" >"$BATS_TEST_TMPDIR/record"
	run --separate-stderr inside cr-fetch-blob <"$BATS_TEST_TMPDIR/record"
	fetched
	[ "$(asked '^2')" -eq 0 ]
}

@test "a descriptor's data is not taken for the blob" {
	resolve document/data
	[ "$status" -eq 0 ]
	[ ! -e "$(blob "$LAYER")" ]
	good_store
}

@test "R61: a config that is a layer too is refused" {
	refuses config-is-layer config
}

@test "R61: more diff_ids than layers are refused" {
	refuses diff-ids-2 diff_ids
}

@test "R61: fewer diff_ids than layers are refused" {
	refuses diff-ids-none diff_ids
}
