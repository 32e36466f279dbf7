// Bridges gRPC over HTTP/2, on a free port of loopback, to gRPC in a WebSocket: what the library in argocd-agent does
// inside its client, written from the description of its framing. Any client of gRPC can so try a WebSocket server.
//
// Prints the address it listens on, and leaves when its input ends. It is strict: whatever the server sends that the
// framing does not allow ends a call with INTERNAL and says what it was.
package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/textproto"
	"os"
	"strings"

	"github.com/coder/websocket"
)

const (
	readLimit     = 64 << 20 // bytes of one WebSocket message, as the library sets it
	prefix        = 5        // bytes before a gRPC message
	metadataFlags = 0x80
	unavailable   = 14
	internal      = 13
)

var endOfStream = []byte{metadataFlags, 0, 0, 0, 0}

type bridge struct {
	base   string
	client *http.Client
}

func main() {
	target := flag.String("target", "", "host:port of the WebSocket server")
	roots := flag.String("roots", "", "PEM file of the authority to trust; none is plaintext")
	name := flag.String("name", "", "the server's name in its certificate")
	flag.Parse()
	transport := &http.Transport{DisableKeepAlives: true}
	base := "http://" + *target
	if *roots != "" {
		pem, err := os.ReadFile(*roots)
		if err != nil {
			log.Fatal(err)
		}
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM(pem)
		transport.TLSClientConfig = &tls.Config{RootCAs: pool, ServerName: *name}
		base = "https://" + *target
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(listener.Addr())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	server := &http.Server{
		Handler:   &bridge{base, &http.Client{Transport: transport}},
		Protocols: protocols,
		HTTP2:     &http.HTTP2Config{MaxConcurrentStreams: 1000},
	}
	log.Fatal(server.Serve(listener))
}

func (b *bridge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	answer := &answer{w: w, control: http.NewResponseController(w)}
	conn, response, err := websocket.Dial(ctx, b.base+r.URL.Path, &websocket.DialOptions{
		HTTPClient:   b.client,
		HTTPHeader:   r.Header.Clone(),
		Subprotocols: []string{"grpc-ws"},
	})
	if err != nil {
		answer.fail(unavailable, refusal(response, err))
		return
	}
	defer func() { _ = conn.CloseNow() }()
	conn.SetReadLimit(readLimit)
	go send(ctx, conn, r.Body)
	if err := receive(ctx, conn, answer); err != nil {
		code := internal
		var closed websocket.CloseError
		if errors.As(err, &closed) || errors.Is(err, io.EOF) || ctx.Err() != nil {
			code = unavailable
		}
		answer.fail(code, "transport: "+err.Error())
	}
}

// refusal tells what a server said that opened no tunnel.
func refusal(response *http.Response, err error) string {
	if response == nil {
		return "transport: " + err.Error()
	}
	text, _ := io.ReadAll(io.LimitReader(response.Body, 4096))
	if status := response.Header.Get("Grpc-Status"); status != "" {
		return fmt.Sprintf("transport: HTTP %d with grpc-status %s", response.StatusCode, status)
	}
	return fmt.Sprintf("transport: HTTP %d: %s", response.StatusCode, strings.TrimSpace(string(text)))
}

// send makes each gRPC message of a request one WebSocket message.
func send(ctx context.Context, conn *websocket.Conn, body io.Reader) {
	head := make([]byte, prefix)
	for {
		if _, err := io.ReadFull(body, head); err != nil {
			if err == io.EOF {
				_ = conn.Write(ctx, websocket.MessageBinary, endOfStream)
			}
			return
		}
		message := make([]byte, prefix+int(binary.BigEndian.Uint32(head[1:])))
		copy(message, head)
		if _, err := io.ReadFull(body, message[prefix:]); err != nil {
			return
		}
		if conn.Write(ctx, websocket.MessageBinary, message) != nil {
			return
		}
	}
}

// receive hands the server's frames to the answer until its trailers, and sees that nothing but a close follows.
func receive(ctx context.Context, conn *websocket.Conn, answer *answer) error {
	for !answer.complete {
		kind, frame, err := conn.Read(ctx)
		if err != nil {
			return err
		}
		if kind != websocket.MessageBinary {
			return errors.New("a message that is not binary")
		}
		if len(frame) < prefix || int(binary.BigEndian.Uint32(frame[1:])) != len(frame)-prefix {
			return fmt.Errorf("a message of %d bytes is not one frame", len(frame))
		}
		if err := answer.take(frame); err != nil {
			return err
		}
	}
	_, _, err := conn.Read(ctx)
	if code := websocket.CloseStatus(err); code != websocket.StatusNormalClosure && code != websocket.StatusMessageTooBig {
		return fmt.Errorf("after the trailers: %w", err)
	}
	return nil
}

type answer struct {
	w        http.ResponseWriter
	control  *http.ResponseController
	begun    bool
	complete bool
}

func (a *answer) take(frame []byte) error {
	switch frame[0] {
	case 0, 1:
		if !a.begun {
			return errors.New("a message before the headers")
		}
		if _, err := a.w.Write(frame); err != nil {
			return err
		}
		return a.control.Flush()
	case metadataFlags:
		return a.metadata(frame[prefix:])
	}
	return fmt.Errorf("a frame with flags %#x", frame[0])
}

func (a *answer) metadata(block []byte) error {
	reader := textproto.NewReader(bufio.NewReader(bytes.NewReader(append(block, '\r', '\n'))))
	header, err := reader.ReadMIMEHeader()
	if err != nil {
		return fmt.Errorf("a block of metadata: %w", err)
	}
	for name := range header {
		if !bytes.Contains(block, []byte(name+": ")) {
			return fmt.Errorf("a name that is not written %s", name)
		}
	}
	_, a.complete = header["Grpc-Status"]
	if a.begun && !a.complete {
		return errors.New("trailers without a status")
	}
	place := ""
	if a.begun {
		place = http.TrailerPrefix
	}
	for name, values := range header {
		for _, value := range values {
			a.w.Header().Add(place+name, value)
		}
	}
	if !a.begun {
		a.begun = true
		a.w.WriteHeader(http.StatusOK)
		if !a.complete {
			return a.control.Flush()
		}
	}
	return nil
}

// fail ends a call with a status of this side's.
func (a *answer) fail(code int, why string) {
	place := http.TrailerPrefix
	if !a.begun {
		place = ""
		a.w.Header().Set("Content-Type", "application/grpc")
	}
	a.w.Header().Set(place+"Grpc-Status", fmt.Sprint(code))
	a.w.Header().Set(place+"Grpc-Message", strings.ReplaceAll(why, "\n", " "))
}
