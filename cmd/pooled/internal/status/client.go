package status

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/pooledsql/pooled/cmd/pooled/internal/fit"
)

// Client asks a monitor.
type Client struct {
	base *url.URL
	only string
	http *http.Client
}

// digestsAsked is how many statements of each pool are asked for.
const digestsAsked = 30

// answerLimit bounds the answers that are read: a monitor's are smaller.
const answerLimit = 32 << 20

// NewClient returns a client for the monitor at the address, a URL whose scheme
// is http where it has none, for all its pools or the one of that name. Each
// question may take as long as timeout.
func NewClient(address, pool string, timeout time.Duration) (*Client, error) {
	if !strings.Contains(address, "://") {
		address = "http://" + address
	}
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, errors.New("the address is no URL of a monitor; http://user:password@host:port/path is allowed, and host:port")
	}
	u.RawQuery, u.Fragment = "", ""
	if !strings.HasSuffix(u.Path, "/") {
		u.Path += "/"
	}
	return &Client{u, pool, &http.Client{Timeout: timeout, Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, MaxIdleConnsPerHost: 4}}}, nil
}

// Address is where the monitor is, without user and password.
func (c *Client) Address() string {
	u := *c.base
	u.User = nil
	return u.String()
}

// Close lets go of connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Answers are the monitor's own, by their paths.
type Answers map[string]json.RawMessage

// Ask asks for everything at once. A monitor without advice is an older one.
func (c *Client) Ask(ctx context.Context) (Answers, error) {
	paths := []string{"health", "stats", "digests", "advice"}
	bodies, errs := make([]json.RawMessage, len(paths)), make([]error, len(paths))
	var asked sync.WaitGroup
	for i, path := range paths {
		asked.Go(func() { bodies[i], errs[i] = c.get(ctx, path) })
	}
	asked.Wait()
	all := Answers{}
	for i, path := range paths {
		if errs[i] != nil && path == "advice" {
			continue
		}
		if errs[i] != nil {
			return nil, errs[i]
		}
		all[path] = bodies[i]
	}
	return all, nil
}

func (c *Client) get(ctx context.Context, path string) (json.RawMessage, error) {
	u := c.base.JoinPath(path)
	query := url.Values{}
	if c.only != "" {
		query.Set("pool", c.only)
	}
	if path == "digests" {
		query.Set("n", fmt.Sprint(digestsAsked))
	}
	u.RawQuery = query.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		if inner, ok := errors.AsType[*url.Error](err); ok {
			err = inner.Err // it names the whole URL
		}
		return nil, fmt.Errorf("%s: %w", c.Address()+path, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, answerLimit))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.Address()+path, err)
	}
	// An unhealthy pool answers 503, with everything there is to know.
	if resp.StatusCode == http.StatusOK || resp.StatusCode == http.StatusServiceUnavailable && path == "health" {
		if !json.Valid(body) {
			return nil, fmt.Errorf("%s does not answer as a monitor of pooled does: is the path of the handler missing in the URL?", c.Address()+path)
		}
		return body, nil
	}
	var refused struct{ Error string }
	if json.Unmarshal(body, &refused) == nil && refused.Error != "" {
		return nil, fmt.Errorf("%s: %s: %s", c.Address()+path, resp.Status, fit.Clean(refused.Error))
	}
	hint := ""
	if resp.StatusCode == http.StatusNotFound {
		hint = ": is the path of the handler missing in the URL?"
	}
	return nil, fmt.Errorf("%s: %s%s", c.Address()+path, resp.Status, hint)
}

// Sample reads the answers.
func (all Answers) Sample(at time.Time) (*Sample, error) {
	var (
		h       health
		figures struct{ Pools []stats }
		single  struct {
			Pools []struct {
				Name    string
				Digests []digest
			}
		}
		advised struct {
			Pools []struct {
				Name   string
				Advice []advice
			}
		}
	)
	for path, to := range map[string]any{"health": &h, "stats": &figures, "digests": &single, "advice": &advised} {
		if body, ok := all[path]; ok {
			if err := json.Unmarshal(body, to); err != nil {
				return nil, fmt.Errorf("the answer of /%s cannot be read: %w", path, err)
			}
		}
	}
	if len(h.Pools) == 0 {
		h.Pools = []health{h}
	}
	s := &Sample{At: at}
	for _, f := range figures.Pools {
		p := &Pool{Stats: f}
		for _, one := range h.Pools {
			if one.Name == f.Name {
				p.Health = one
			}
		}
		for _, one := range single.Pools {
			if one.Name == f.Name {
				p.Digests = one.Digests
			}
		}
		for _, one := range advised.Pools {
			if one.Name == f.Name {
				p.Advice = one.Advice
			}
		}
		s.Pools = append(s.Pools, p)
	}
	if s.Pools == nil {
		return nil, errors.New("the monitor shows no pool")
	}
	return s, nil
}
