"""The mutants: each takes one check away (THREATS §7.1), and names the test that must see it.

A text, which stands in its file exactly once, gives way to another. A test is one of

  cases ID...            hostile cases by cr-unpack -C
  hand ID...             the same on a kernel without openat2
  bare ID...             the same without the confinement of workers, which would hide it
  devices ID...          the same with --devices
  zlib ID...             the same, built with zlib
  store ID...            hostile cases through a store
  unit PROGRAM FUNCTION  a function of tests/unit/PROGRAM.c
  bats FILE FILTER...    tests of tests/FILE.bats
"""
from collections import namedtuple

Mutant = namedtuple('Mutant', 'name file old new test')
MUTANTS = []


def mutant(name, file, old, new, test):
    MUTANTS.append(Mutant(name, 'lib/' + file, old, new, test.split()))


# names

mutant('..', 'layer.c', "if (n == 2 && path[0] == '.' && path[1] == '.')", 'if (0)', 'cases A01 A04 C01 G01')
mutant('root type', 'layer_put.c', 'if (entry->type != TAR_DIRECTORY)', 'if (0)', 'cases A14 A16 A17')
mutant('name length', 'beneath.c', '\t\tif (n >= BENEATH_NAME_MAX)\n\t\t\treturn err_set(e, ERR_CONTENT, "a name',
       '\t\tif (0)\n\t\t\treturn err_set(e, ERR_CONTENT, "a name', 'unit test_beneath test_limits')
mutant('depth', 'beneath.c', 'if (++depth > BENEATH_DEPTH_MAX)', 'if (0)', 'unit test_beneath test_limits')

# the walk

mutant('in-root walk: the kernel', 'beneath.c', 'RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS', 'RESOLVE_NO_MAGICLINKS',
       'unit test_beneath test_opens')
mutant('in-root walk: ..', 'beneath.c', '\tfd = beneath_directory(w->root, w->where, O_WALK, e);\n\treturn walk_enter',
       '\tfd = openat(w->at, "..", O_WALK);\n\treturn walk_enter', 'bare B01 B04 B06')
mutant('in-root walk: absolute', 'beneath.c', "\tif (target[0] != '/')\n\t\treturn 0;\n", '\tif (1)\n\t\treturn 0;\n',
       'cases M13')
mutant('link walk', 'beneath.c', 'return walk_up(w, e);\n\tfd = openat(w->at, name, O_WALK | O_NOFOLLOW);',
       'return walk_up(w, e);\n\tfd = openat(w->at, name, O_WALK);', 'bare B01 B06 B22')
mutant('link walk: the kernel', 'beneath.c', '\t\th.resolve |= RESOLVE_NO_SYMLINKS;', '\t\th.resolve |= 0;',
       'unit test_beneath test_directory_follows_nothing')
mutant('link walk: by hand', 'beneath.c', '(*rest ? O_WALK : flags) | O_NOFOLLOW);', '(*rest ? O_WALK : flags));',
       'unit test_beneath test_directory_follows_nothing')
mutant('link count', 'beneath.c', 'if (++w->links > BENEATH_LINKS_MAX)', 'if (0)', 'cases B10')

# making

mutant('unlink before create', 'layer_put.c', 'flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;',
       'flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC;', 'bare B26 C12 E01')
mutant('a directory over a symlink', 'layer_put.c', '&st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode)) {',
       '&st, 0) == 0 && S_ISDIR(st.st_mode)) {', 'bare B08 B21')
mutant('hard link to a symlink', 'layer_link.c',
       's->dir, s->name, 0);\n\tif (r == -1 && errno == EEXIST)',
       's->dir, s->name, AT_SYMLINK_FOLLOW);\n\tif (r == -1 && errno == EEXIST)', 'cases M07')
mutant('hard link to a directory', 'layer_link.c', 'if (S_ISDIR(t->st.st_mode))', 'if (0)', 'cases M08')
mutant('hard link to itself', 'layer_link.c', '\tif (is_same(s, t))\n', '\tif (0)\n',
       'unit test_layer test_link_to_itself_keeps_the_file')
mutant('owner of a link', 'layer_meta.c', 'entry->uid, entry->gid, AT_SYMLINK_NOFOLLOW)', 'entry->uid, entry->gid, 0)',
       'bare B09')
mutant('time of a link', 'layer_meta.c', 'utimensat(s->dir, s->name, times, AT_SYMLINK_NOFOLLOW)',
       'utimensat(s->dir, s->name, times, 0)', 'bare B09')
mutant('FIFO open', 'layer_meta.c', 'O_RDONLY | O_NONBLOCK | O_NOFOLLOW', 'O_RDONLY | O_NOFOLLOW', 'cases E01')
mutant('dev skip', 'layer_put.c', 'if (!l->options->devices || like_a_whiteout)', 'if (like_a_whiteout)', 'cases E04')
mutant('dev skip: a whiteout', 'layer_put.c', 'if (!l->options->devices || like_a_whiteout)',
       'if (!l->options->devices)', 'devices D24')
mutant('xattr list', 'layer_meta.c', '\t\treturn !has_prefix(name, "user.overlay.");', '\t\treturn true;', 'cases M09')
mutant('xattr list: trusted', 'layer_meta.c', 'type == TAR_DIRECTORY && is_valid_acl(value, n);\n\treturn false;',
       'type == TAR_DIRECTORY && is_valid_acl(value, n);\n\treturn true;', 'bare D25')
mutant('chmod order', 'layer_meta.c', '''	if (set_owner_fd(l, s->path, fd, &made, entry, e) == -1 || layer_drop_acls(l, s->path, fd, e) == -1)
		return -1;
''', '''	if (fchmod(fd, entry->mode) == -1 || set_owner_fd(l, s->path, fd, &made, entry, e) == -1)
		return -1;
	made.st_mode = entry->mode;
''', 'cases K01a')
mutant('xattr order', 'layer_meta.c', '''	if (set_owner_fd(l, s->path, fd, &made, entry, e) == -1 || layer_drop_acls(l, s->path, fd, e) == -1)
		return -1;
''', '''	if (set_xattrs(l, s->path, fd, entry, e) == -1 || set_owner_fd(l, s->path, fd, &made, entry, e) == -1)
		return -1;
	entry = &(struct tar_entry){ .mode = entry->mode, .mtime = entry->mtime, .uid = entry->uid, .gid = entry->gid };
''', 'cases M10')
mutant('dir mode', 'layer_visit.c', 'return fchmod(fd, now) == -1 ?', 'return 0 ?', 'cases K02 K06')
mutant('dir mode last', 'layer_visit.c', 'if (l->unprivileged && ((mode', 'if (0 && ((mode', 'unit test_layer test_modes_that_shut_us_out')
mutant('dir time last', 'layer_visit.c', 'status = beneath_put_time(l->parent, &l->parent_mtime, e);', ';', 'cases K05')

# whiteouts

mutant('whiteout name', 'layer_whiteout.c', "if (*name == '\\0' || ", 'if (', 'store D06')
mutant('whiteout name: ..', 'beneath_remove.c', 'strcmp(name, "..") == 0 || strchr(name', 'strchr(name',
       'unit test_beneath test_removal_refuses_names')
mutant('opaque scope', 'layer_whiteout.c', 'beneath_empty_but(dir, path, &keeper, e)', 'beneath_empty(dir, e)',
       'cases D08 D26')
mutant('whiteout scope', 'layer_whiteout.c', 'beneath_remove_but(s->dir, name, s->where, &keeper, e)',
       'beneath_remove(s->dir, name, e)', 'cases D10')

# numbers and framing

mutant('checksum', 'tar_guard.c', '&said) == 0 && (said == plain || said == with_signs)', '&said) == 0', 'cases F13')
mutant('type', 'tar_guard.c', "h->type >= '0' && h->type <= '6' ? h->type : '\\0'",
       "h->type >= '0' && h->type <= '6' ? h->type : '0'", 'cases E08 E13')
mutant('size parse: negative', 'tar_guard.c', '*value < 0 || *value > max', '*value > max', 'cases F18')
mutant('size parse: what is no octal', 'tar_number.c', "if (i < n && field[i] != '\\0')", 'if (0)', 'cases F10 F12')
mutant('size parse: 32 bits', 'tar.c', 't->left = t->guard.member.stored;', 't->left = (int)t->guard.member.stored;',
       'cases M17')
mutant('size parse: base 256', 'tar_number.c', 'if (v >> 55 != (negative ? 0x1ff : 0))', 'if (0)', 'cases M05')
mutant('size parse: decimal', 'tar_number.c', 'if (v > (INT64_MAX - digit) / 10)', 'if (0)', 'cases M06')
mutant('size of what has none', 'tar_guard.c', "\tif (type != '0')\n\t\treturn 0;\n", '', 'cases C14 E14')
mutant('uid range', 'tar_guard.c', 'FIELD(h, uid, UINT32_MAX - 1, &uid, e)', 'FIELD(h, uid, INT64_MAX, &uid, e)',
       'cases F16 F17')
mutant('NUL end', 'tar_guard.c', 'size_t len = strnlen(p, n);', 'size_t len = strlen(p);', 'cases B16 F25')
mutant('L cap', 'tar_guard.c', 'FIELD(h, size, TAR_PATH_MAX, &size, e)', 'FIELD(h, size, INT64_MAX, &size, e)', 'cases M03')
mutant('two headers', 'tar_guard.c', '\tif (*have)\n', '\tif (0)\n', 'cases G17 H06 J05')
mutant('cut archive', 'tar_guard.c', 'if (g->have_pax || g->have_path || g->have_link)', 'if (0)', 'cases H10')
mutant('pax length', 'tar_pax.c', '(size_t)length > left || ', '', 'cases M14')
mutant('pax cap', 'tar_guard.c', 'FIELD(h, size, TAR_PAX_MAX, &size, e)', 'FIELD(h, size, INT64_MAX, &size, e)', 'cases M04')
mutant('pax scope', 'tar_guard.c', '\ttar_pax_reset(&g->pax);\n', '', 'cases G04')
mutant('pax scope: global', 'tar_guard.c', 'if (tar_pax_is_personal(&g->global))', 'if (0)', 'cases G21 G22')
mutant('pax NUL', 'tar_pax.c', "memchr(r->value, '\\0', r->value_len) || ", '', 'cases G09')
mutant('xattr count', 'tar_pax.c', 'if (i == TAR_XATTRS_MAX)', 'if (0)', 'cases M11')
mutant('sparse order', 'tar_sparse.c', ' || (last && offset < last->offset + last->length)', '', 'cases M15')
mutant('sparse fit', 'tar_sparse.c', '\tif (stored != 0)\n', '\tif (0)\n', 'cases M12')
mutant('sparse end', 'tar_sparse.c', 'if (last && last->offset + last->length > size)', 'if (0)', 'cases M16')

# the stream

mutant('gzip CRC', 'inflate_isal.c', 'r = isal_inflate(&m->z);\n\tif (r != ISAL_DECOMP_OK)',
       'r = isal_inflate(&m->z);\n\tif (r != ISAL_DECOMP_OK && r != ISAL_INCORRECT_CHECKSUM)', 'cases I06')
mutant('gzip CRC: zlib', 'inflate_zlib.c', 'inflateInit2(&m->z, GZIP_ONLY) == Z_OK',
       'inflateInit2(&m->z, GZIP_ONLY) == Z_OK && inflateValidate(&m->z, 0) == Z_OK', 'zlib I06')
mutant('gzip flags', 'inflate_isal.c', 'if (m->header.flags & RESERVED_FLAGS)', 'if (0)', 'cases I13')
mutant('trailing data', 'inflate_gzip.c', '\t\tif (*f->in)\n', '\t\tif (0)\n', 'cases I21')
mutant('trailing data: hashed', 'tar_guard.c', 'while ((n = tar_input_read(&g->in, data, sizeof data, e)) > 0)',
       'while ((n = 0))', 'store I17 I18')
mutant('cut stream', 'inflate.c', 'if (z->in_ended && z->codec->at_end(z->state))', 'if (z->in_ended)',
       'unit test_inflate test_damaged_gzip')
mutant('diff_id', 'unpack_stream.c', 'if (digest_equal(&actual, expected))', 'if (1)', 'bats cr-unpack a diff_id that is another')
mutant('digest before parsing', 'unpack.c', 'store_open_verified(', 'store_open_blob(',
       'bats cr-unpack promise 2: verify, then parse: a damaged')

# limits

mutant('entry limit', 'layer.c', 'if (++l->entries > l->entries_max)', 'if (0)', 'unit test_layer test_limits')
mutant('byte limit', 'layer_put.c', 'if (entry->size > l->bytes_max - l->bytes)', 'if (0)', 'unit test_layer test_limits')

# what workers give up, and what is published

mutant('root of its own', 'confine_linux.c', 'if (geteuid() == 0 && (fchdir(root) == -1 || chroot(".") == -1))', 'if (0)',
       'bats hostile without any check of paths')
mutant('root of its own, by itself', 'confine_linux.c', '(fchdir(root) == -1 || chroot(".") == -1)', '0',
       'unit test_confine test_what_a_worker_has_left')
mutant('descriptors', 'confine_linux.c', 'close_but(kept, count + 1, e) == -1 || ', '',
       'unit test_confine test_what_a_worker_has_left')
mutant('capabilities', 'confine_linux.c', 'keep_caps(file_caps, e)', '0', 'unit test_confine test_what_a_worker_has_left')
mutant('system calls', 'confine_linux.c', 'return confine_to_calls(CONFINE_FILES, e);', 'return 0;',
       'unit test_confine test_what_a_worker_has_left')
mutant('no new privileges', 'confine_linux.c', 'prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1', '0',
       'unit test_confine test_what_a_worker_has_left')
mutant('fsync', 'layers.c', ' || store_sync(l->store, e) == -1', '', 'bats publish a layer is on the disk')
mutant('fsync: the name', 'layers.c', 'if (fsync(l->store->layers) == -1)', 'if (false)', 'bats publish a layer is on the disk')
mutant('publish rename', 'layers.c', 'renameat(l->store->tmp, j->dir, l->store->layers, hex) == -1',
       'mkdirat(l->store->layers, hex, 0700) == -1 || renameat(l->store->tmp, j->dir, l->store->layers, hex) == -1',
       'bats publish killed at the rename')
mutant('publish what was refused', 'layers.c', 'if (worker_wait(&j->worker, &e) == -1)',
       'if (worker_wait(&j->worker, &e) == -2)', 'store A01 F01')
