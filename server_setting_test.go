package pooled_test

import (
	"database/sql"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	gomysql "github.com/go-sql-driver/mysql"

	"github.com/pooledsql/pooled"
)

// forms returns connection strings of every form that lead to the database of
// the test and carry the pool's settings.
func (s *realServer) forms(t *testing.T) map[string]string {
	t.Helper()
	set := []string{"pool_max_conns=3", "pool_min_conns=1", "pool_max_conn_lifetime=7m", "pool_name=mine"}
	query := strings.Join(set, "&")
	if s.driver == "mysql" {
		cfg := s.mysqlConfig(t)
		cfg.Params = map[string]string{"sql_mode": "''"}
		return map[string]string{
			"DSN":                 s.dsn + "?" + query,
			"DSN with parameters": cfg.FormatDSN() + "&" + query + "&parseTime=true",
		}
	}
	u := s.url(t)
	u.RawQuery = query + "&sslmode=disable&application_name=app"
	password, _ := u.User.Password()
	return map[string]string{
		"URL": u.String(),
		"keyword/value": fmt.Sprintf("host=%s port=%s user=%s password='%s' dbname=%s sslmode=disable application_name=app %s",
			u.Hostname(), u.Port(), u.User.Username(), password, s.database, strings.Join(set, " ")),
	}
}

func (s *realServer) url(t *testing.T) *url.URL {
	t.Helper()
	u, err := url.Parse(s.dsn)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func (s *realServer) mysqlConfig(t *testing.T) *gomysql.Config {
	t.Helper()
	cfg, err := gomysql.ParseDSN(s.dsn)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// TestSettingsOfEveryFormStayOutOfTheServer: PostgreSQL refuses a session with
// a parameter that it does not know, and MariaDB a variable.
func TestSettingsOfEveryFormStayOutOfTheServer(t *testing.T) {
	eachServer(t, func(t *testing.T, s *realServer) {
		for form, dsn := range s.forms(t) {
			t.Run(form, func(t *testing.T) {
				db, err := sql.Open("pooled-"+s.driver, dsn)
				if err != nil {
					t.Fatal(err)
				}
				defer db.Close()
				if got := ask[int](t, db, "SELECT 1"); got != 1 {
					t.Error(got)
				}
				p, _ := pooled.From(db)
				c := p.Config()
				if c.MaxConns != 3 || c.MinConns != 1 || c.MaxConnLifetime != 7*time.Minute || c.Name != "mine" {
					t.Errorf("max %d, min %d, lifetime %v, name %q", c.MaxConns, c.MinConns, c.MaxConnLifetime, c.Name)
				}
				if s.driver == "pgx" {
					if got := ask[string](t, db, "SHOW application_name"); got != "app" {
						t.Errorf("application_name %q: the driver's own parameters are lost", got)
					}
				}
			})
		}
	})
}

// params is where the server is, in single parameters.
func (s *realServer) params(t *testing.T) pooled.Params {
	t.Helper()
	p := pooled.Params{Database: s.database}
	if s.driver == "mysql" {
		cfg := s.mysqlConfig(t)
		p.User, p.Password = cfg.User, cfg.Passwd
	} else {
		u := s.url(t)
		p.User = u.User.Username()
		p.Password, _ = u.User.Password()
	}
	host, port, err := net.SplitHostPort(s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	p.Host = host
	if p.Port, err = strconv.Atoi(port); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestSingleParametersLeadToTheServer(t *testing.T) {
	current := map[string]string{"pgx": "SELECT current_database()", "mysql": "SELECT database()"}
	eachServer(t, func(t *testing.T, s *realServer) {
		for _, tls := range []string{"", "disable"} {
			p := s.params(t)
			p.TLS = tls
			db, _ := openDSN(t, "pooled-"+s.driver, "", limits(0, 2), func(c *pooled.Config) { c.Params = p })
			if got := ask[string](t, db, current[s.driver]); got != s.database {
				t.Errorf("TLS %q: database %q, want %q", tls, got, s.database)
			}
			if s.driver == "pgx" && tls == "disable" && ask[bool](t, db, "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()") {
				t.Error("encrypted although TLS is disabled")
			}
		}
	})
}

func TestSingleParametersFromTheEnvironment(t *testing.T) {
	eachServer(t, func(t *testing.T, s *realServer) {
		p := s.params(t)
		for name, value := range map[string]string{"HOST": p.Host, "PORT": strconv.Itoa(p.Port), "USER": p.User,
			"PASSWORD": p.Password, "DATABASE": p.Database, "MAX_CONNS": "4"} {
			t.Setenv("POOLED_"+name, value)
		}
		db, pool := openDSN(t, "pooled-"+s.driver, "")
		if ask[int](t, db, "SELECT 1") != 1 || pool.Config().MaxConns != 4 {
			t.Error(pool.Config().MaxConns)
		}
	})
}

func TestProductionRefusesUnverifiedTLSToAnotherHost(t *testing.T) {
	for _, c := range []struct{ driver, dsn string }{
		{"pooled-pgx", "postgres://u:hidden@db.example/d?sslmode=require&pool_profile=production"},
		{"pooled-pgx", "host=db.example user=u password=hidden pool_profile=production"},
		{"pooled-mysql", "u:hidden@tcp(db.example:3306)/d?tls=skip-verify&pool_profile=production"},
		{"pooled-mysql", "u:hidden@tcp(db.example:3306)/d?pool_profile=production"},
	} {
		db, err := sql.Open(c.driver, c.dsn)
		if err == nil {
			db.Close()
			t.Errorf("%s was accepted", c.dsn)
		} else if !strings.Contains(err.Error(), "TLS") || strings.Contains(err.Error(), "hidden") {
			t.Error(err)
		}
		sep := "&"
		if !strings.Contains(c.dsn, "?") {
			sep = " "
		}
		db, err = sql.Open(c.driver, c.dsn+sep+"pool_allow_unverified_tls=on")
		if err != nil {
			t.Errorf("although allowed: %v", err)
			continue
		}
		db.Close()
	}
}
