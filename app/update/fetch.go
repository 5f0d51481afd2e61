package update

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
)

const maxRedirects = 3

// fetch gets the answer. Nothing is told with the question but the release: no cookie,
// no tag of an answer before, no page that led here, and of a program that is no release
// the number alone.
func (c *Checker) fetch(ctx context.Context) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, c.conf.Limit)
	defer cancel()
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, TLSClientConfig: c.conf.TLS.Clone(), ForceAttemptHTTP2: true,
		DisableKeepAlives: true, DisableCompression: true, MaxResponseHeaderBytes: maxAnswer,
	}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, CheckRedirect: checkRedirect}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.conf.URL, nil)
	if err != nil {
		return nil, err
	}
	req.Header = http.Header{"User-Agent": {program + "/" + c.own.String()}}
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%w: status %d", ErrGarbage, resp.StatusCode)
	}
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err == nil && len(raw) > maxAnswer {
		err = fmt.Errorf("%w: over %d bytes", ErrGarbage, maxAnswer)
	}
	return raw, err
}

// checkRedirect follows few, and none out of https.
func checkRedirect(req *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects {
		return errors.New("too many redirections")
	}
	if req.URL.Scheme != "https" {
		return errors.New("redirected out of https")
	}
	req.Header.Del("Referer")
	return nil
}
