package testdb

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// templateVersion is part of a template's name. Count it up when initialize or
// a setting that must be the same at both times changes.
const templateVersion = "2"

// cacheRoot is where templates live: the user's cache, or, where there is none,
// a directory below the temporary one that nobody else can write to.
func cacheRoot() (string, error) {
	if base, err := os.UserCacheDir(); err == nil {
		dir := filepath.Join(base, "pooled-testdb")
		if os.MkdirAll(dir, 0o700) == nil {
			return dir, nil
		}
	}
	dir := filepath.Join(os.TempDir(), "pooled-testdb-"+strconv.Itoa(os.Getuid()))
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return "", err
	}
	if !info.IsDir() || info.Mode().Perm()&0o077 != 0 {
		return "", fmt.Errorf("%s is not a directory of ours alone: remove it", dir)
	}
	return dir, nil
}

// fill makes dir, which belongs to the account, hold a fresh data directory and
// the password of its users: a copy of the template, made first if it is the
// first time. Several test binaries may do that at once; one works, the others
// wait for it.
func fill(dir string, e engine, as *account) error {
	root, err := cacheRoot()
	if err != nil {
		return err
	}
	template := filepath.Join(root, fmt.Sprintf("%s-%s", clean(e.version()), templateVersion))
	lock, err := os.OpenFile(template+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer lock.Close()
	if err := lockFile(lock); err != nil {
		return err
	}
	if _, err := os.Stat(template); err == nil {
		lock.Close()
		return copyTree(template, dir, as)
	}
	if err := build(dir, e, as); err != nil {
		return err
	}
	// Copied beside its place and then renamed, so that a template is whole or
	// is not there.
	half := template + ".half"
	os.RemoveAll(half)
	if err := os.Mkdir(half, 0o700); err != nil {
		return err
	}
	if err := copyTree(dir, half, nil); err != nil {
		os.RemoveAll(half)
		return err
	}
	return os.Rename(half, template)
}

// build makes a fresh data directory in dir.
func build(dir string, e engine, as *account) error {
	password := strings.ToLower(rand.Text())
	file := filepath.Join(dir, "password")
	if err := os.WriteFile(file, []byte(password), 0o600); err != nil {
		return err
	}
	if err := as.own(file); err != nil {
		return err
	}
	return e.initialize(dir, password, func(cmd *exec.Cmd) error { return runAs(cmd, dir, as) })
}

// runAs runs a program to its end as the account that owns dir.
func runAs(cmd *exec.Cmd, dir string, as *account) error {
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	cmd.Dir = dir // the account may not be allowed to enter ours
	cmd.Env = append(append(cleanEnv(), "HOME="+dir, "TMPDIR="+dir), cmd.Env...)
	setProcessAttributes(cmd, as, syscall.SIGKILL)
	if err := spawn(cmd); err != nil {
		return fmt.Errorf("%s: %w", cmd.Path, err)
	}
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("%s: %w\n%s", cmd.Path, err, output.Bytes())
	}
	return nil
}

// clean makes a version usable as a file name.
func clean(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '.', r == '-':
			return r
		}
		return '_'
	}, name)
}

// copyTree copies the files below from into the directory to, for the account.
func copyTree(from, to string, as *account) error {
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(from, path)
		if err != nil || name == "." {
			return err
		}
		target := filepath.Join(to, name)
		info, err := entry.Info()
		if err != nil {
			return err
		}
		switch {
		case entry.IsDir():
			err = os.Mkdir(target, info.Mode().Perm())
		case info.Mode().IsRegular():
			err = copyFile(path, target, info.Mode().Perm())
		default:
			return nil // a socket, say; nothing that a data directory needs
		}
		if err != nil {
			return err
		}
		return as.own(target)
	})
}

func copyFile(from, to string, mode fs.FileMode) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		out.Close()
		return err
	}
	return out.Close()
}
