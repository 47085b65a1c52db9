package testdb

import (
	"fmt"
	"os"
	"os/user"
	"strconv"
)

// account is the user that a server runs as. A nil account is ourselves.
type account struct {
	name string
	uid  uint32
	gid  uint32
}

// accountFor picks the first of the names that exists when we are root, as whom
// servers refuse to run, and nil otherwise.
func accountFor(names []string) (*account, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	for _, name := range names {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err1 == nil && err2 == nil && uid != 0 {
			return &account{name: name, uid: uint32(uid), gid: uint32(gid)}, nil
		}
	}
	return nil, fmt.Errorf("the server refuses to run as root and none of the users %v exists", names)
}

// own gives a file to the account.
func (a *account) own(path string) error {
	if a == nil {
		return nil
	}
	return os.Lchown(path, int(a.uid), int(a.gid))
}
