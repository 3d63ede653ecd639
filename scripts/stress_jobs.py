"""The jobs of scripts/stress.py: a name and a bash script each, run with `set -e` in a new folder of the file system
under test. A job fails when its script does; `$work` is a folder outside it.
"""

from __future__ import annotations

from dataclasses import dataclass

SKIPPED = 99
"""Exit code of a job that cannot be done on this computer."""


@dataclass(frozen=True, slots=True)
class Job:
    """One thing to do; `seconds` is how long it may take."""

    name: str
    script: str
    seconds: int = 120

    @property
    def group(self) -> str:
        """The tool it is about."""
        return self.name.partition(" ")[0]


# The class `filesystem` of stress-ng, without those that mount file systems of their own (bind-mount, binderfs) or
# touch none (eventfd, ioprio, procfs); and those of the class `io` that work on files.
_STRESSORS = """
access chattr chdir chmod chown copy-file dentry dir dirdeep dirmany dnotify dup fallocate fanotify fcntl fiemap
file-ioctl filename flock fpunch fsize fstat getdent handle hdd inode-flags inotify io iomix lease link locka lockf
lockofd mknod open readahead rename seek symlink sync-file touch utime verity xattr
"""

_CPYTHON = """
test_bufio test_bz2 test_compileall test_dbm test_dbm_dumb test_dbm_gnu test_dbm_ndbm test_fcntl test_file
test_filecmp test_fileinput test_fileio test_genericpath test_glob test_gzip test_import test_io test_largefile
test_lzma test_mailbox test_mmap test_ntpath test_os test_pathlib test_posix test_posixpath test_py_compile
test_shelve test_shutil test_stat test_tarfile test_tempfile test_unicode_file
test_unicode_file_functions test_zipapp test_zipfile test_zipimport
"""

_SQLITE = r"""
python3 - {mode} <<'PYTHON'
import multiprocessing, sqlite3, sys
mode = sys.argv[1]

def work(number):
    database = sqlite3.connect("t.db", timeout=60)
    for index in range(100):
        with database:
            database.execute("insert into t values (?, ?)", (number, "x" * (index * 37 % 3000)))
        if index % 10 == 0:
            database.execute("select count(*), max(length(b)) from t").fetchone()

database = sqlite3.connect("t.db")
assert database.execute("pragma journal_mode=" + mode).fetchone()[0] == mode
database.execute("create table t(a, b)")
database.close()
workers = [multiprocessing.Process(target=work, args=(number,)) for number in range(4)]
for worker in workers: worker.start()
for worker in workers: worker.join()
assert all(worker.exitcode == 0 for worker in workers), "a writer failed"
database = sqlite3.connect("t.db")
assert database.execute("select count(*) from t").fetchone() == (400,)
assert database.execute("pragma integrity_check").fetchone() == ("ok",)
PYTHON
"""

_TREE = r"""
mkdir -p "$work/tree"
for i in $(seq 1 40); do
    mkdir -p "$work/tree/d$i/sub"
    head -c $((i * 997)) /dev/urandom >"$work/tree/d$i/f$i"
    echo "$i" >"$work/tree/d$i/sub/text $i.txt"
    ln -s "sub/text $i.txt" "$work/tree/d$i/link"
    ln "$work/tree/d$i/f$i" "$work/tree/d$i/hard"
    chmod $((i % 2 ? 750 : 644)) "$work/tree/d$i/f$i"
    touch -d "2020-01-$((i % 28 + 1)) 12:00:00.123456789" "$work/tree/d$i/f$i"
done
setfattr -n user.note -v hello "$work/tree/d1/f1"
"""

_GIT = r"""
export GIT_AUTHOR_NAME=t GIT_AUTHOR_EMAIL=t@example.org GIT_COMMITTER_NAME=t GIT_COMMITTER_EMAIL=t@example.org
git init -q origin && cd origin
for i in $(seq 1 30); do
    for j in $(seq 1 10); do echo "$i $j $RANDOM" >"file$((j + i % 7)).txt"; done
    git add -A && git commit -qm "commit $i"
done
git branch side HEAD~5 && git checkout -q side && echo side >side.txt && git add -A && git commit -qm side
git checkout -q - && git merge -q -m merged side
git rebase -q HEAD~3
cd .. && git clone -q origin clone && git clone -q --no-hardlinks "file://$PWD/origin" other
cd clone && git gc -q --aggressive --prune=now && git fsck --full --strict && git status --porcelain | { ! grep .; }
git worktree add -q ../tree side && cd ../tree && git status --porcelain | { ! grep .; }
cd ../other && git repack -qad && git fsck --full && git stash list && rm -rf .git/objects/info
"""

_MAKE = r"""
for i in $(seq 1 20); do echo "int f$i(int a) { return a + $i; }" >"f$i.c"; done
{
    echo "#include <stdio.h>"
    for i in $(seq 1 20); do echo "int f$i(int);"; done
    echo "int main(void) { int a = 0;"
    for i in $(seq 1 20); do echo "a = f$i(a);"; done
    echo 'printf("%d\n", a); return 0; }'
} >main.c
{
    echo 'objects := $(patsubst %.c,%.o,$(wildcard *.c))'
    printf 'program: $(objects)\n\tgcc -o $@ $^\n%%.o: %%.c\n\tgcc -c -o $@ $<\n'
} >Makefile
make -s -j2 && test "$(./program)" = 210
make -q && sleep 1.1 && touch f3.c && ! make -q && make | grep -c 'gcc -c' | grep -qx 1
ar rcs lib.a f*.o && gcc -o again main.o lib.a && ./again >/dev/null && strip again && ./again >/dev/null
"""

JOBS: tuple[Job, ...] = (
    *(
        Job(
            f"stress-ng {name}",
            # 3: not enough of something; 4: not implemented by this kernel.
            f'code=0; stress-ng --{name} 2 --timeout 4 --verify --temp-path "$PWD" || code=$?; '
            f"case $code in 3|4) exit {SKIPPED};; esac; exit $code",
        )
        for name in _STRESSORS.split()
    ),
    *(
        Job(f"fio {name}", f"fio --name=f --verify=crc32c --do_verify=1 --fallocate=none {options}")
        for name, options in (
            ("sequential", "--rw=write --bs=64k --size=64m --end_fsync=1"),
            ("random", "--rw=randwrite --bs=4k --size=16m --numjobs=2"),
            ("mixed", "--rw=randrw --bsrange=512-128k --blockalign=512 --size=32m --serialize_overlap=1"),
            ("mmap", "--ioengine=mmap --rw=randwrite --bs=4k --size=16m"),
            ("libaio", "--ioengine=libaio --iodepth=16 --rw=randwrite --bs=4k --size=16m"),
        )
    ),
    Job("dbench", 'dbench -t 10 -D "$PWD" -c /usr/share/dbench/client.txt 4 | tail -1 | tee "$work/note"'),
    Job("fs_mark", "fs_mark -d . -n 500 -s 4096 -t 2 -S 1"),
    Job("postmark", r"""
        printf 'set number 500\nset transactions 1000\nset location .\nrun\nquit\n' | postmark | tee "$work/out"
        grep -q 'Data:' "$work/out"
        """),
    Job("bonnie++", "PATH=$PATH:/usr/sbin; bonnie++ -f -d . -s 64 -r 32 -n 2 -u root -q", 300),
    *(Job(f"sqlite {mode}", _SQLITE.format(mode=mode)) for mode in ("delete", "truncate", "wal")),
    Job("sqlite shell", r"""
        sqlite3 s.db "create table t(a, b);
            with recursive n(i) as (select 1 union all select i + 1 from n where i < 20000)
                insert into t select i, hex(randomblob(20)) from n;
            create index x on t(b); vacuum;"
        sqlite3 s.db ".backup copy.db"; test "$(sqlite3 copy.db 'pragma integrity_check; select count(*) from t')" = "ok
20000"
        """),
    Job("git all", _GIT, 300),
    Job("tar", _TREE + r"""
        tar --xattrs -C "$work" -cf - tree | tar --xattrs -xpf -
        diff -r --no-dereference "$work/tree" tree
        getfattr -n user.note tree/d1/f1; test "$(stat -c %h tree/d3/hard)" = 2
        tar -cf back.tar tree && mkdir "$work/back" && tar -C "$work/back" -xf back.tar
        diff -r --no-dereference "$work/tree" "$work/back/tree"
        """),
    Job("rsync", _TREE + r"""
        rsync -aHX "$work/tree/" tree/ && diff -r --no-dereference "$work/tree" tree
        test -z "$(rsync -aHXi --checksum "$work/tree/" tree/)"
        rm -r "$work/tree/d5" && echo changed >"$work/tree/d6/f6" && rsync -aHX --delete --inplace "$work/tree/" tree/
        diff -r --no-dereference "$work/tree" tree
        rsync -aHX tree/ "$work/back/" && diff -r --no-dereference "$work/tree" "$work/back"
        """),
    Job("make", _MAKE),
    Job("cp", _TREE + r"""
        cp -a "$work/tree" one && cp -a --sparse=always one two
        diff -r --no-dereference one two && mv two three && rm -r one
        truncate -s 100M sparse && test "$(stat -c %b sparse)" -lt 1000 && cp sparse other && cmp sparse other
        find . -name '*.txt' -newermt 2000-01-01 | wc -l | grep -qx 40
        grep -rl 17 three >/dev/null && du -s . && rm -rf three
        """),
    Job("acl", r"""
        touch f && { setfacl -m u:1000:rw f || { echo 'no ACLs'; exit 1; }; } && getfacl -cn f | grep -q 'user:1000:rw-'
        """),
    Job("many files", r"""
        python3 - <<'PYTHON'
import os
os.mkdir("d")
for i in range(10_000):
    with open(f"d/{i:05}.txt", "w") as file: file.write(str(i))
assert sorted(os.listdir("d")) == [f"{i:05}.txt" for i in range(10_000)]
assert sum(entry.stat().st_size for entry in os.scandir("d")) == sum(len(str(i)) for i in range(10_000))
for i in range(0, 10_000, 2): os.rename(f"d/{i:05}.txt", f"d/r{i:05}.txt")
for entry in list(os.scandir("d")): os.unlink(entry.path)
os.rmdir("d")
PYTHON
        """),
    *(
        Job(f"cpython {name}", f'/usr/bin/python3 -m test --tempdir "$PWD" {name} 2>&1', 400)
        for name in _CPYTHON.split()
    ),
)  # fmt: skip
