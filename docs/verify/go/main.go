// A resource server that takes Toolgate's access tokens and API keys, on Go's standard library alone: what to answer, and
// when. Not a whole MCP server.
package main

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"
)

const (
	leeway          = 5 * time.Second
	keysAge         = 5 * time.Minute
	keysPause       = 5 * time.Second
	introspectedAge = 900 * time.Millisecond // what was revoked is refused within a second
	longest         = 8192
	longestBody     = 1 << 20
	mostRemembered  = 10_000
)

var (
	errUnavailable = errors.New("Toolgate could not be asked.")
	errAddress     = errors.New("The API key may not be used from this address.")
	http5          = &http.Client{Timeout: 5 * time.Second}
)

// refused is a credential that is not good: answer 401.
type refused string

func (r refused) Error() string { return string(r) }

type claims struct {
	Active    bool     `json:"active"`
	Iss       string   `json:"iss"`
	Sub       string   `json:"sub"`
	Aud       any      `json:"aud"`
	ClientID  string   `json:"client_id"`
	Jti       string   `json:"jti"`
	Scope     string   `json:"scope"`
	Exp       int64    `json:"exp"`
	Nbf       int64    `json:"nbf"`
	Iat       int64    `json:"iat"`
	AllowedIn []string `json:"allowed_cidrs"`
}

type jwk struct{ Kid, Kty, Alg, Crv, X, Y, N, E string }

type remembered struct {
	at     time.Time
	answer claims
}

type verifier struct {
	issuer, resource, clientID, clientSecret string

	mu           sync.Mutex
	keys         map[string]jwk
	keysRead     time.Time
	introspected map[string]remembered
}

// verify finds out who calls. address is where the request came from: API keys may be bound to networks.
func (v *verifier) verify(credential, address string) (claims, error) {
	if len(credential) > longest {
		return claims{}, refused("The credential is malformed.")
	}
	if strings.HasPrefix(credential, "tgk_") {
		return v.apiKey(credential, address)
	}
	return v.accessToken(credential)
}

func (v *verifier) accessToken(token string) (claims, error) {
	var said claims
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return said, refused("The access token is not valid.")
	}
	var header struct {
		Typ, Kid, Alg string
		Crit          []string
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || !decode(parts[0], &header) || len(header.Crit) > 0 {
		return said, refused("The access token is not valid.")
	}
	// RFC 9068 section 4.
	if typ := strings.ToLower(header.Typ); typ != "at+jwt" && typ != "application/at+jwt" {
		return said, refused("This is not an access token.")
	}
	key, err := v.key(header.Kid)
	if err != nil {
		return said, err
	}
	// The key decides the algorithm, never the header.
	if key.Alg != header.Alg || !verified(key, []byte(parts[0]+"."+parts[1]), signature) || !decode(parts[1], &said) {
		return said, refused("The access token is not valid.")
	}
	now := time.Now()
	switch {
	case said.Iss != v.issuer || said.Aud != v.resource || said.Sub == "" || said.ClientID == "" || said.Jti == "":
		return said, refused("The access token is not valid here.")
	case now.Add(-leeway).Unix() >= said.Exp:
		return said, refused("The access token has expired.")
	case said.Nbf > now.Add(leeway).Unix() || said.Iat > now.Add(leeway).Unix():
		return said, refused("The access token is not valid yet.")
	}
	// Without a client of its own, this server believes a token until it expires, ended session or not.
	if v.clientID == "" {
		return said, nil
	}
	answer, err := v.introspect(token)
	if err == nil && !answer.Active {
		err = refused("The session behind this token has ended.")
	}
	return answer, err
}

func (v *verifier) apiKey(key, address string) (claims, error) {
	if v.clientID == "" {
		return claims{}, refused("This server takes no API keys.")
	}
	answer, err := v.introspect(key)
	if err != nil {
		return answer, err
	}
	if !answer.Active || answer.Aud != v.resource || (answer.Exp != 0 && answer.Exp <= time.Now().Unix()) {
		return answer, refused("The API key is not valid.")
	}
	if len(answer.AllowedIn) == 0 {
		return answer, nil
	}
	ip := net.ParseIP(address)
	for _, cidr := range answer.AllowedIn {
		if _, network, err := net.ParseCIDR(cidr); err == nil && ip != nil && network.Contains(ip) {
			return answer, nil
		}
	}
	return answer, errAddress
}

func (v *verifier) introspect(token string) (claims, error) {
	v.mu.Lock()
	known, found := v.introspected[token]
	v.mu.Unlock()
	// From before the question: what was revoked while it was on its way is noticed in time.
	now := time.Now()
	if found && now.Sub(known.at) < introspectedAge {
		return known.answer, nil
	}
	form := url.Values{"token": {token}}
	request, err := http.NewRequest("POST", v.issuer+"/oauth/introspect", strings.NewReader(form.Encode()))
	if err != nil {
		return claims{}, errUnavailable
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth(url.QueryEscape(v.clientID), url.QueryEscape(v.clientSecret))
	var answer claims
	if err := fetch(request, &answer); err != nil {
		return answer, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.introspected) >= mostRemembered {
		v.introspected = map[string]remembered{}
	}
	v.introspected[token] = remembered{now, answer}
	return answer, nil
}

func (v *verifier) key(kid string) (jwk, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	key, found := v.keys[kid]
	age := time.Since(v.keysRead)
	if age > keysAge || (!found && age > keysPause) {
		request, err := http.NewRequest("GET", v.issuer+"/.well-known/jwks.json", nil)
		if err != nil {
			return key, errUnavailable
		}
		var set struct{ Keys []jwk }
		if err := fetch(request, &set); err != nil {
			return key, err
		}
		v.keys, v.keysRead = map[string]jwk{}, time.Now()
		for _, one := range set.Keys {
			v.keys[one.Kid] = one
		}
		key, found = v.keys[kid]
	}
	if !found {
		return key, refused("The key of the access token is unknown.")
	}
	return key, nil
}

func verified(key jwk, signed, signature []byte) bool {
	digest := sha256.Sum256(signed)
	switch {
	case key.Alg == "ES256" && key.Kty == "EC" && key.Crv == "P-256" && len(signature) == 64:
		public := ecdsa.PublicKey{Curve: elliptic.P256(), X: number(key.X), Y: number(key.Y)}
		r, s := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
		return public.Curve.IsOnCurve(public.X, public.Y) && ecdsa.Verify(&public, digest[:], r, s)
	case key.Alg == "EdDSA" && key.Kty == "OKP" && key.Crv == "Ed25519":
		public, err := base64.RawURLEncoding.DecodeString(key.X)
		return err == nil && len(public) == ed25519.PublicKeySize && ed25519.Verify(public, signed, signature)
	case key.Alg == "RS256" && key.Kty == "RSA":
		public := rsa.PublicKey{N: number(key.N), E: int(number(key.E).Int64())}
		return rsa.VerifyPKCS1v15(&public, crypto.SHA256, digest[:], signature) == nil
	}
	return false
}

func number(text string) *big.Int {
	raw, _ := base64.RawURLEncoding.DecodeString(text)
	return new(big.Int).SetBytes(raw)
}

func decode(part string, into any) bool {
	raw, err := base64.RawURLEncoding.DecodeString(part)
	return err == nil && json.Unmarshal(raw, into) == nil
}

func fetch(request *http.Request, into any) error {
	answer, err := http5.Do(request)
	if err != nil {
		return errUnavailable
	}
	defer answer.Body.Close()
	if answer.StatusCode != 200 || json.NewDecoder(io.LimitReader(answer.Body, longestBody)).Decode(into) != nil {
		return errUnavailable
	}
	return nil
}

// covers: mcp:read covers every *:read, mcp:write that and every *:write, mcp:admin all of a resource.
func covers(held, needed string) bool {
	if held == needed {
		return true
	}
	ladder := map[string]int{"mcp:read": 1, "mcp:write": 2, "mcp:admin": 3}
	switch needed {
	case "keys:write", "sessions:write", "admin", "openid", "profile", "email", "offline_access":
		return false
	}
	if ladder[held] == 0 || ladder[held] == 3 || ladder[needed] > 0 {
		return ladder[held] > ladder[needed]
	}
	return strings.HasSuffix(needed, ":read") || (held == "mcp:write" && strings.HasSuffix(needed, ":write"))
}

type server struct {
	*verifier
	scopes           string
	tools            map[string]string
	origin, metadata string
}

func (s *server) write(w http.ResponseWriter, status int, body any, challenge ...string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if len(challenge) > 0 {
		w.Header().Set("WWW-Authenticate", strings.Join(challenge, ", "))
	}
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body)
}

// refuse answers with a challenge (RFC 6750 section 3, RFC 9728 section 5.1); no error when nothing was sent.
func (s *server) refuse(w http.ResponseWriter, status int, scope, code, words string) {
	challenge := []string{
		fmt.Sprintf(`Bearer resource_metadata="%s%s"`, s.origin, s.metadata),
		fmt.Sprintf(`scope="%s"`, scope),
	}
	body := map[string]string{"error_description": words}
	if code != "" {
		body["error"] = code
		challenge = append(challenge, fmt.Sprintf(`error="%s"`, code), fmt.Sprintf(`error_description="%s"`, words))
	}
	s.write(w, status, body, challenge...)
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == "GET" && (r.URL.Path == s.metadata || r.URL.Path == "/.well-known/oauth-protected-resource") {
		s.write(w, 200, map[string]any{ // RFC 9728 section 2
			"resource": s.resource, "authorization_servers": []string{s.issuer},
			"scopes_supported": strings.Fields(s.scopes), "bearer_methods_supported": []string{"header"},
		})
		return
	}
	invalid := func(status int, words string) {
		s.write(w, status, map[string]string{"error": "invalid_request", "error_description": words})
	}
	authorization, keys := r.Header.Values("Authorization"), r.Header.Values("X-API-Key")
	var credential string
	switch {
	case len(authorization)+len(keys) > 1:
		invalid(400, "Send one credential.")
		return
	case len(authorization) == 1:
		scheme, rest, _ := strings.Cut(authorization[0], " ")
		if credential = strings.TrimSpace(rest); !strings.EqualFold(scheme, "bearer") || credential == "" {
			s.refuse(w, 401, s.scopes, "invalid_token", "The Authorization header must be Bearer.")
			return
		}
	case len(keys) == 1:
		if credential = keys[0]; !strings.HasPrefix(credential, "tgk_") {
			s.refuse(w, 401, s.scopes, "invalid_token", "The API key is not valid.")
			return
		}
	default:
		s.refuse(w, 401, s.scopes, "", "A credential is needed.")
		return
	}
	address, _, _ := net.SplitHostPort(r.RemoteAddr)
	caller, err := s.verify(credential, address)
	var no refused
	switch {
	case errors.As(err, &no):
		s.refuse(w, 401, s.scopes, "invalid_token", no.Error())
		return
	case errors.Is(err, errAddress):
		invalid(403, err.Error())
		return
	case err != nil:
		s.write(w, 503, map[string]string{"error": "temporarily_unavailable", "error_description": err.Error()})
		return
	}
	// Against DNS rebinding: browsers say which page they act for.
	if origin := r.Header.Get("Origin"); origin != "" && origin != s.origin {
		invalid(403, "This Origin is not allowed.")
		return
	}
	var message struct {
		ID     json.RawMessage `json:"id"`
		Method string          `json:"method"`
		Params struct {
			Name string `json:"name"`
		} `json:"params"`
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, longestBody))
	// A batch could hide a second call behind the first.
	if err != nil || json.NewDecoder(bytes.NewReader(body)).Decode(&message) != nil || message.Method != "tools/call" {
		invalid(400, "Send one tools/call.")
		return
	}
	needed, known := s.tools[message.Params.Name]
	if !known {
		invalid(404, "There is no such tool.")
		return
	}
	for _, held := range strings.Fields(caller.Scope) {
		if covers(held, needed) {
			text := map[string]string{"type": "text", "text": "called by " + caller.Sub}
			s.write(w, 200, map[string]any{"jsonrpc": "2.0", "id": message.ID, "result": map[string]any{"content": []any{text}}})
			return
		}
	}
	s.refuse(w, 403, needed, "insufficient_scope", "The tool "+message.Params.Name+" needs: "+needed)
}

func main() {
	env := os.Getenv
	resource, err := url.Parse(env("RESOURCE"))
	tools := map[string]string{}
	if err != nil || resource.Host == "" || json.Unmarshal([]byte(env("TOOLS")), &tools) != nil {
		fmt.Fprintln(os.Stderr, "Set ISSUER, RESOURCE, CLIENT_ID, CLIENT_SECRET, SCOPES and TOOLS.")
		os.Exit(1)
	}
	handler := &server{
		verifier: &verifier{
			issuer: env("ISSUER"), resource: env("RESOURCE"), clientID: env("CLIENT_ID"), clientSecret: env("CLIENT_SECRET"),
			introspected: map[string]remembered{},
		},
		scopes: env("SCOPES"), tools: tools, origin: resource.Scheme + "://" + resource.Host,
		metadata: "/.well-known/oauth-protected-resource" + resource.Path,
	}
	listener := &http.Server{Addr: resource.Host, Handler: handler, ReadTimeout: 30 * time.Second}
	fmt.Fprintln(os.Stderr, listener.ListenAndServe())
	os.Exit(1)
}
