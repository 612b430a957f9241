package main

import (
	"bytes"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"regexp"
	"strings"

	"github.com/vmware/govmomi/vapi/rest"
)

const (
	restSession   = "/api/session"
	legacySession = rest.Path + "/com/vmware/cis/session"
	tagCategories = rest.Path + "/com/vmware/cis/tagging/category"
)

var identifierInPath = regexp.MustCompile(`/id:[^/]+`)

// serveREST counts a REST call and closes the simulator's ways in that need no password.
func (v *vcenter) serveREST(w http.ResponseWriter, r *http.Request) {
	v.calls.count(&v.calls.rest, r.Method+" "+identifierInPath.ReplaceAllString(r.URL.Path, "/id:*"))
	switch {
	case strings.HasPrefix(r.Header.Get("Authorization"), "SIGN "):
		http.Error(w, `{"error_type":"UNAUTHENTICATED"}`, http.StatusUnauthorized)
	case r.URL.Path == "/api":
		http.NotFound(w, r)
	case r.URL.Path == restSession:
		v.serveSession(w, r)
	case strings.HasPrefix(r.URL.Path, tagCategories):
		v.serveCategories(w, r)
	default:
		v.service.ServeMux.ServeHTTP(w, r)
	}
}

// serveCategories keeps the types of a category as vCenter gives them back: without the prefix that clients may send.
func (v *vcenter) serveCategories(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		log.Printf("%s: request from %s broke off: %v", r.URL.Path, r.RemoteAddr, err)
		return
	}
	body = bytes.ReplaceAll(body, []byte(`"urn:vim25:`), []byte(`"`))
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	v.service.ServeMux.ServeHTTP(w, r)
}

// serveSession is the newer form of the session endpoint, which the simulator does not have: the same
// calls, but answers without an envelope.
func (v *vcenter) serveSession(w http.ResponseWriter, r *http.Request) {
	r.URL.Path = legacySession
	if r.Method == http.MethodGet {
		r.Method = http.MethodPost
		r.URL.RawQuery = "~action=get"
	}
	creates := r.Method == http.MethodPost && r.URL.RawQuery == ""
	answer := &withheldAnswer{header: w.Header(), status: http.StatusOK}
	v.service.ServeMux.ServeHTTP(answer, r)
	var envelope struct {
		Value json.RawMessage `json:"value"`
	}
	switch {
	case answer.status != http.StatusOK:
		http.Error(w, `{"error_type":"UNAUTHENTICATED"}`, answer.status)
	case answer.body.Len() == 0:
		w.WriteHeader(http.StatusNoContent)
	case json.Unmarshal(answer.body.Bytes(), &envelope) != nil:
		http.Error(w, `{"error_type":"ERROR"}`, http.StatusInternalServerError)
	default:
		if creates {
			w.WriteHeader(http.StatusCreated)
		}
		_, _ = w.Write(envelope.Value) // who does not wait for the answer does not get it
	}
}
