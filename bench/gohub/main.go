// A lean hub on grpc-go, to measure ours against: per stream one goroutine that receives, one that sends, and a channel
// between them. It does for a heartbeat, a login and a fan-out what ours does, and nothing that ours has beyond that:
// no watchdog, no limits, no repetition of what is not acknowledged.
package main

import (
	"bufio"
	"context"
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"meshtether/bench/gohub/pb"
)

const (
	prefix    = "io.argoproj.argocd-agent.event."
	processed = prefix + "processed"
	backlog   = 64  // events that wait for one stream
	tokenSize = 700 // characters that a token is filled up to: a signed one has about as many
)

// argocd-agent's own pattern for the sidecar's header.
var caller = regexp.MustCompile(`^.*URI=spiffe://[^/]+/ns/[^/]+/sa/([^,;]+)`)

type agent struct {
	name     string
	out      chan *pb.Event
	received atomic.Int64
	acked    atomic.Int64
	last     atomic.Int64
	mu       sync.Mutex
	rtts     []float64
}

type hub struct {
	mu      sync.Mutex
	agents  map[string]*agent
	tokens  tokens
	streams atomic.Int64
}

func nameOf(ctx context.Context) (string, metadata.MD, error) {
	headers, _ := metadata.FromIncomingContext(ctx)
	values := headers.Get("x-forwarded-client-cert")
	if len(values) != 1 {
		return "", nil, status.Error(codes.Unauthenticated, "authentication failed")
	}
	found := caller.FindStringSubmatch(values[0])
	if found == nil {
		return "", nil, status.Error(codes.Unauthenticated, "authentication failed")
	}
	return found[1], headers, nil
}

func (h *hub) authenticate(ctx context.Context, request *pb.AuthRequest) (*pb.AuthResponse, error) {
	name, _, err := nameOf(ctx)
	if err != nil {
		return nil, err
	}
	access, refresh, err := h.tokens.issue(name, request.GetMode())
	if err != nil {
		return nil, err
	}
	return &pb.AuthResponse{AccessToken: access, RefreshToken: refresh}, nil
}

func (h *hub) subscribe(stream grpc.ServerStream) error {
	name, headers, err := nameOf(stream.Context())
	if err != nil {
		return err
	}
	given := headers.Get("authorization")
	if len(given) != 1 {
		return status.Error(codes.Unauthenticated, "invalid authentication data")
	}
	if owner, err := h.tokens.check(given[0]); err != nil || owner != name {
		return status.Error(codes.Unauthenticated, "invalid authentication data")
	}
	a := &agent{name: name, out: make(chan *pb.Event, backlog)}
	h.mu.Lock()
	h.agents[name] = a
	h.mu.Unlock()
	if err := stream.SendHeader(nil); err != nil {
		return err
	}
	ctx := stream.Context()
	go func() {
		for {
			select {
			case event := <-a.out:
				if stream.SendMsg(event) != nil {
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	for {
		message := new(pb.Event)
		if err := stream.RecvMsg(message); err != nil {
			return nil
		}
		answer, err := a.heard(message.GetEvent())
		if err != nil {
			continue
		}
		if answer != nil {
			select {
			case a.out <- answer:
			case <-ctx.Done():
				return nil
			}
		}
	}
}

func text(attributes map[string]*pb.CloudEventAttributeValue, name string) string {
	return attributes[name].GetCeString()
}

// heard takes an event in, and gives the acknowledgement if it is a heartbeat.
func (a *agent) heard(event *pb.CloudEvent) (*pb.Event, error) {
	attributes := event.GetAttributes()
	target := attributes["dataschema"].GetCeUri()
	resource, id := text(attributes, "resourceid"), text(attributes, "eventid")
	if event.GetSpecVersion() != "1.0" || event.GetType() == "" || target == "" || resource == "" || id == "" {
		return nil, errors.New("unfit event")
	}
	if target != "heartbeat" {
		a.acked.Add(1)
		return nil, nil
	}
	a.received.Add(1)
	a.last.Store(time.Now().UnixNano())
	if reported := text(attributes, "rttms"); reported != "" {
		if value, err := strconv.ParseFloat(reported, 64); err == nil {
			a.mu.Lock()
			if len(a.rtts) < 128 {
				a.rtts = append(a.rtts, value)
			} else {
				a.rtts[int(a.received.Load())%128] = value
			}
			a.mu.Unlock()
		}
	}
	attributes["dataschema"] = uri("eventProcessed")
	return &pb.Event{Event: &pb.CloudEvent{SpecVersion: "1.0", Type: processed, Attributes: attributes}}, nil
}

func uri(value string) *pb.CloudEventAttributeValue {
	return &pb.CloudEventAttributeValue{Attr: &pb.CloudEventAttributeValue_CeUri{CeUri: value}}
}

func str(value string) *pb.CloudEventAttributeValue {
	return &pb.CloudEventAttributeValue{Attr: &pb.CloudEventAttributeValue_CeString{CeString: value}}
}

// fanOut puts `count` events of `size` bytes, one every `pause`, into every stream's channel.
func (h *hub) fanOut(count int, pause time.Duration, size int) {
	data := []byte(strings.Repeat("x", size))
	h.mu.Lock()
	all := make([]*agent, 0, len(h.agents))
	for _, a := range h.agents {
		all = append(all, a)
	}
	h.mu.Unlock()
	for number := 0; number < count; number++ {
		attributes := map[string]*pb.CloudEventAttributeValue{
			"dataschema": uri("application"), "datacontenttype": str("application/json"), "subject": str("ns/app"),
			"resourceid": str(fmt.Sprintf("app_%06d", number)), "eventid": str(fmt.Sprintf("app_%06d_1", number)), "principaluid": str("p"),
			"sentat": str(time.Now().UTC().Format(time.RFC3339Nano)),
		}
		event := &pb.Event{Event: &pb.CloudEvent{
			SpecVersion: "1.0", Type: prefix + "spec-update", Attributes: attributes,
			Data: &pb.CloudEvent_BinaryData{BinaryData: data},
		}}
		for _, a := range all {
			a.out <- event
		}
		time.Sleep(pause)
	}
}

// tokens are signed as argocd-agent's, or cost next to nothing, so that the rest can be seen.
type tokens struct {
	key    *rsa.PrivateKey
	secret []byte
}

func (t tokens) issue(name, mode string) (string, string, error) {
	if t.key == nil {
		token := t.cheap(name)
		return token, token, nil
	}
	access, err := t.sign(name, mode, "access", 5*time.Minute)
	if err != nil {
		return "", "", err
	}
	refresh, err := t.sign(name, mode, "refresh", 24*time.Hour)
	return access, refresh, err
}

func (t tokens) cheap(name string) string {
	mac := hmac.New(sha256.New, t.secret)
	mac.Write([]byte(name))
	token := name + "." + hex.EncodeToString(mac.Sum(nil)) + "."
	return token + strings.Repeat("x", max(0, tokenSize-len(token)))
}

func (t tokens) sign(name, mode, audience string, life time.Duration) (string, error) {
	now := time.Now().Unix()
	subject, _ := json.Marshal(map[string]string{"clientID": name, "mode": mode})
	id := make([]byte, 16)
	_, _ = rand.Read(id)
	body, _ := json.Marshal(map[string]any{
		"iss": "argocd-agent-server", "aud": []string{"argocd-agent-server-" + audience}, "sub": string(subject),
		"jti": hex.EncodeToString(id), "iat": now, "nbf": now, "exp": now + int64(life/time.Second),
	})
	signed := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"RS512","typ":"JWT"}`)) + "." +
		base64.RawURLEncoding.EncodeToString(body)
	digest := sha512.Sum512([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, t.key, crypto.SHA512, digest[:])
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature), err
}

func (t tokens) check(token string) (string, error) {
	if t.key == nil {
		name, _, _ := strings.Cut(token, ".")
		if !hmac.Equal([]byte(t.cheap(name)), []byte(token)) {
			return "", errors.New("not ours")
		}
		return name, nil
	}
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return "", errors.New("no token")
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return "", err
	}
	digest := sha512.Sum512([]byte(parts[0] + "." + parts[1]))
	if err := rsa.VerifyPKCS1v15(&t.key.PublicKey, crypto.SHA512, digest[:], signature); err != nil {
		return "", err
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return "", err
	}
	var body struct{ Sub string }
	var subject struct{ ClientID string }
	if err := json.Unmarshal(raw, &body); err != nil {
		return "", err
	}
	err = json.Unmarshal([]byte(body.Sub), &subject)
	return subject.ClientID, err
}

func main() {
	signed := flag.String("tokens", "cheap", "cheap or rs512")
	// With windows of its own choice grpc-go does not measure its peers' bandwidth, which is a PING for most messages.
	window := flag.Int("window", 65536, "bytes of each window; 0 lets grpc-go find out")
	flag.Parse()
	h := &hub{agents: map[string]*agent{}, tokens: tokens{secret: []byte("bench")}}
	if *signed == "rs512" {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err)
		}
		h.tokens.key = key
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	options := []grpc.ServerOption{grpc.MaxConcurrentStreams(10000), grpc.MaxHeaderListSize(64 * 1024)}
	if *window > 0 {
		options = append(options, grpc.InitialWindowSize(int32(*window)), grpc.InitialConnWindowSize(int32(*window)))
	}
	server := grpc.NewServer(options...)
	server.RegisterService(&grpc.ServiceDesc{
		ServiceName: "authapi.Authentication",
		HandlerType: (*any)(nil),
		Methods: []grpc.MethodDesc{{MethodName: "Authenticate", Handler: func(
			service any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor,
		) (any, error) {
			request := new(pb.AuthRequest)
			if err := decode(request); err != nil {
				return nil, err
			}
			return service.(*hub).authenticate(ctx, request)
		}}},
	}, h)
	server.RegisterService(&grpc.ServiceDesc{
		ServiceName: "eventstreamapi.EventStream",
		HandlerType: (*any)(nil),
		Streams: []grpc.StreamDesc{{
			StreamName: "Subscribe", ServerStreams: true, ClientStreams: true,
			Handler: func(service any, stream grpc.ServerStream) error { return service.(*hub).subscribe(stream) },
		}},
	}, h)
	go func() { _ = server.Serve(listener) }()
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var count, pause, size int
		if n, _ := fmt.Sscanf(lines.Text(), "fanout %d %d %d", &count, &pause, &size); n == 3 {
			h.fanOut(count, time.Duration(pause)*time.Millisecond, size)
			fmt.Println("done")
		}
	}
}
