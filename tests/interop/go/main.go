// A gRPC client that runs scripts: one JSON object a line on standard input, what came of it on standard output.
// tests/interop/script.py says what the fields mean.
package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"sort"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

const (
	prefix       = "case-"
	shownBytes   = 4096
	messageLimit = 64 << 20
)

type message struct {
	Text string `json:"text"`
	Size int    `json:"size"`
	Seed int    `json:"seed"`
}

func (m message) body() []byte {
	if m.Size == 0 {
		return []byte(m.Text)
	}
	body := make([]byte, m.Size)
	for i := range body {
		body[i] = byte(31*i + m.Seed)
	}
	return body
}

type script struct {
	Method       string      `json:"method"`
	Kind         string      `json:"kind"`
	Messages     []message   `json:"messages"`
	Repeat       int         `json:"repeat"`
	Metadata     [][2]string `json:"metadata"`
	Deadline     float64     `json:"deadline"`
	Gzip         bool        `json:"gzip"`
	Lockstep     bool        `json:"lockstep"`
	HeadersFirst bool        `json:"headers_first"`
	CancelAfter  int         `json:"cancel_after"`
	Parallel     int         `json:"parallel"`
	Key          string      `json:"key"`
}

type outcome struct {
	Code     int         `json:"code"`
	Message  string      `json:"message"`
	Count    int         `json:"count"`
	Bytes    int         `json:"bytes"`
	Sha256   string      `json:"sha256"`
	Texts    []string    `json:"texts"`
	Trailers [][2]string `json:"trailers"`
}

// raw passes messages on as they are.
type raw struct{}

func (raw) Marshal(v any) ([]byte, error) { return *v.(*[]byte), nil }
func (raw) Unmarshal(data []byte, v any) error {
	*v.(*[]byte) = append([]byte(nil), data...)
	return nil
}
func (raw) Name() string { return "proto" }

type client struct {
	connection *grpc.ClientConn
	lock       sync.Mutex
	cancels    map[string]context.CancelFunc
	output     *json.Encoder
}

func main() {
	target := flag.String("target", "", "where to connect, as gRPC names it")
	roots := flag.String("roots", "", "PEM file of the authorities to trust; empty is plaintext")
	name := flag.String("name", "", "the server's name in its certificate")
	flag.Parse()
	credential := insecure.NewCredentials()
	if *roots != "" {
		pem, err := os.ReadFile(*roots)
		if err != nil {
			fail(err)
		}
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM(pem)
		credential = credentials.NewTLS(&tls.Config{RootCAs: pool, ServerName: *name})
	}
	connection, err := grpc.NewClient(*target, grpc.WithTransportCredentials(credential), grpc.WithNoProxy(),
		grpc.WithDefaultCallOptions(grpc.ForceCodec(raw{}),
			grpc.MaxCallRecvMsgSize(messageLimit), grpc.MaxCallSendMsgSize(messageLimit)))
	if err != nil {
		fail(err)
	}
	run := &client{connection: connection, cancels: map[string]context.CancelFunc{}, output: json.NewEncoder(os.Stdout)}
	run.serve(os.Stdin)
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func (c *client) serve(input io.Reader) {
	lines := bufio.NewReader(input)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		var order struct {
			Run    *script `json:"run"`
			Cancel string  `json:"cancel"`
		}
		if err := json.Unmarshal(line, &order); err != nil {
			fail(err)
		}
		if order.Run != nil {
			ctx, cancel := context.WithCancel(context.Background())
			c.lock.Lock()
			c.cancels[order.Run.Key] = cancel
			c.lock.Unlock()
			go c.answer(ctx, *order.Run)
			continue
		}
		c.lock.Lock()
		cancel := c.cancels[order.Cancel]
		c.lock.Unlock()
		if cancel != nil {
			cancel()
		}
	}
}

func (c *client) answer(ctx context.Context, s script) {
	outcomes := make([]outcome, s.Parallel)
	var group sync.WaitGroup
	for i := range outcomes {
		group.Add(1)
		go func() {
			defer group.Done()
			outcomes[i] = c.call(ctx, s)
		}()
	}
	group.Wait()
	times := map[string]int{}
	for _, each := range outcomes {
		text, err := json.Marshal(each)
		if err != nil {
			fail(err)
		}
		times[string(text)]++
	}
	type counted struct {
		outcome
		Times int `json:"times"`
	}
	answer := struct {
		Key      string    `json:"key"`
		Outcomes []counted `json:"outcomes"`
	}{Key: s.Key}
	for text, count := range times {
		each := counted{Times: count}
		if err := json.Unmarshal([]byte(text), &each.outcome); err != nil {
			fail(err)
		}
		answer.Outcomes = append(answer.Outcomes, each)
	}
	c.lock.Lock()
	defer c.lock.Unlock()
	if err := c.output.Encode(answer); err != nil {
		fail(err)
	}
}

func (c *client) call(ctx context.Context, s script) outcome {
	pairs := []string{prefix + "key", s.Key}
	for _, pair := range s.Metadata {
		value := pair[1]
		if strings.HasSuffix(pair[0], "-bin") {
			decoded, err := hex.DecodeString(value)
			if err != nil {
				fail(err)
			}
			value = string(decoded)
		}
		pairs = append(pairs, pair[0], value)
	}
	ctx = metadata.AppendToOutgoingContext(ctx, pairs...)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if s.Deadline > 0 {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeout(ctx, time.Duration(s.Deadline*float64(time.Second)))
		defer stop()
	}
	var bodies [][]byte
	for range s.Repeat {
		for _, each := range s.Messages {
			bodies = append(bodies, each.body())
		}
	}
	var trailer metadata.MD
	var received [][]byte
	var err error
	if s.Kind == "unary" {
		var answer []byte
		options := []grpc.CallOption{grpc.Trailer(&trailer)}
		if s.Gzip {
			options = append(options, grpc.UseCompressor(gzip.Name))
		}
		err = c.connection.Invoke(ctx, s.Method, &bodies[0], &answer, options...)
		if err == nil {
			received = append(received, answer)
		}
	} else {
		received, trailer, err = c.stream(ctx, cancel, s, bodies)
	}
	return result(err, received, trailer)
}

func (c *client) stream(ctx context.Context, cancel context.CancelFunc, s script, bodies [][]byte) (
	received [][]byte, trailer metadata.MD, err error) {
	description := &grpc.StreamDesc{ClientStreams: s.Kind != "server", ServerStreams: s.Kind != "client"}
	var options []grpc.CallOption
	if s.Gzip {
		options = append(options, grpc.UseCompressor(gzip.Name))
	}
	stream, err := c.connection.NewStream(ctx, description, s.Method, options...)
	if err != nil {
		return nil, nil, err
	}
	if s.HeadersFirst {
		if _, err := stream.Header(); err != nil {
			return nil, nil, err
		}
	}
	answered := make(chan struct{}, len(bodies)+1)
	go func() {
		for i := range bodies {
			if err := stream.SendMsg(&bodies[i]); err != nil {
				return // the end of the stream says why
			}
			if s.Lockstep {
				select {
				case <-answered:
				case <-ctx.Done():
				}
			}
		}
		_ = stream.CloseSend()
	}()
	for {
		var answer []byte
		err := stream.RecvMsg(&answer)
		if errors.Is(err, io.EOF) {
			return received, stream.Trailer(), nil
		}
		if err != nil {
			return received, stream.Trailer(), err
		}
		received = append(received, answer)
		if s.Lockstep {
			answered <- struct{}{}
		}
		if len(received) == s.CancelAfter {
			cancel()
		}
		if s.Kind == "client" {
			// The one answer of a client-streaming call came with its status.
			return received, stream.Trailer(), nil
		}
	}
}

func result(err error, received [][]byte, trailer metadata.MD) outcome {
	answer := outcome{Count: len(received)}
	if err != nil {
		found, ok := status.FromError(err)
		answer.Code, answer.Message = int(found.Code()), found.Message()
		if !ok && found.Code() == codes.Unknown {
			answer.Message = "no status: " + err.Error()
		}
	}
	hash := sha256.New()
	for _, each := range received {
		var length [4]byte
		binary.BigEndian.PutUint32(length[:], uint32(len(each)))
		hash.Write(length[:])
		hash.Write(each)
		answer.Bytes += len(each)
	}
	answer.Sha256 = hex.EncodeToString(hash.Sum(nil))
	if answer.Bytes <= shownBytes {
		for _, each := range received {
			runes := make([]rune, len(each))
			for i, value := range each {
				runes[i] = rune(value)
			}
			answer.Texts = append(answer.Texts, string(runes))
		}
	}
	for name, values := range trailer {
		if !strings.HasPrefix(name, prefix) {
			continue
		}
		for i, value := range values {
			if strings.HasSuffix(name, "-bin") {
				values[i] = hex.EncodeToString([]byte(value))
			}
		}
		answer.Trailers = append(answer.Trailers, [2]string{name, strings.Join(values, ", ")})
	}
	sort.Slice(answer.Trailers, func(i, j int) bool { return answer.Trailers[i][0] < answer.Trailers[j][0] })
	return answer
}
