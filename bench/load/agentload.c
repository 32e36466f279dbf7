/* Many agents in one process: a load generator for the principal's protocol, on epoll, without any library.
 *
 * An agent connects, authenticates, subscribes with the token that it was given, and is open once its first heartbeat
 * has been answered. What it sends was prepared by whoever calls (headers as HPACK blocks, events as messages), so that
 * this process costs little beside the server. Otherwise it behaves as an agent does: it answers SETTINGS and PING,
 * gives credit back as it reads, and sends no more than it has credit for.
 *
 *   agentload MODE --port P --agents FILE --beat FILE [--ack FILE] [--count N] [--seconds S] [--rate R] ...
 *
 * Modes:  beats   closed loop: each agent has one heartbeat on its way, always
 *         rate    open loop: R heartbeats a second over all agents, latency from the moment each was due
 *         idle    connected, and nothing else
 *         events  counts what the principal sends, until --expect have come; acknowledges it when --ack is given
 *         storm   all agents connect at once, --in-flight at a time
 *         churn   agents come, live for some seconds and leave in every way there is, until the time is up
 *
 * It writes "ready" when its agents are open (storm: when it could begin), takes "go" on its standard input, ends by
 * itself (beats, rate, storm, churn) or at "stop" (idle; events too), and writes one JSON object.
 *
 * File of agents, for each: u32 n, n bytes (preface, SETTINGS, Authenticate on stream 1), u32 m, m bytes (the header
 * block of Subscribe, to which `authorization` is added here). Numbers are big-endian.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "huffman.h" /* huffman_code[256], huffman_bits[256]: written by the caller */

enum { DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION };
enum { END_STREAM = 1, ACK = 1, END_HEADERS = 4, PADDED = 8 };
enum state { NEW, CONNECTING, AUTHENTICATING, SUBSCRIBED, OPEN, LEAVING, STUCK, DEAD };
enum mode { BEATS, RATE, IDLE, EVENTS, STORM, CHURN };
static const char *const MODES[] = {"beats", "rate", "idle", "events", "storm", "churn"};

#define AUTH_STREAM 1u
#define EVENT_STREAM 3u
#define WINDOW 65535             /* what either side may send before it is given more (RFC 9113) */
#define CREDIT_AT 32768          /* bytes read after which credit is given back: half a window */
#define RING 32                  /* heartbeats of one agent that may be on their way in an open loop */
#define MAX_FRAME 16384
#define MAX_TOKEN 12000
#define PER_ADDRESS 20000        /* connections from one source address: fewer than it has ports */
#define LATENCIES 2000000        /* microseconds told apart; what takes longer counts as this */
#define LIMIT 300                /* seconds after which this process ends whatever happens; churn: SECONDS + this */

struct conn {
    int fd, agent;
    enum state state;
    uint8_t head[9], head_n;     /* a frame's header, as far as it has come */
    uint8_t small[64], small_n;  /* payload of a control frame, as far as it is looked at */
    uint8_t prefix[5], prefix_n; /* of a gRPC message */
    uint8_t pad;
    uint32_t left, message_left; /* of the frame, of the message */
    uint32_t unreturned;         /* bytes read since credit was given back */
    int64_t connection_credit, stream_credit, initial_credit;
    uint8_t *token;              /* the answer of Authenticate */
    uint32_t token_n;
    uint8_t *out;                /* what the socket did not take */
    uint32_t out_n;
    uint32_t owed;               /* heartbeats that wait for credit */
    uint32_t seen;               /* events that came */
    uint16_t first, waiting;     /* of `due` */
    uint64_t due[RING];
    uint64_t next, ends;         /* churn: next heartbeat, end of its life */
};

static enum mode mode;
static struct conn *conns;
static struct { uint8_t *open, *subscribe; uint32_t open_n, subscribe_n; } *agents;
static uint8_t *beat, *acknowledgement;
static uint32_t beat_n, acknowledgement_n;
static int count = 1, in_flight = 200, port, poller;
static int id_at[2] = {-1, -1}, ack_at[2] = {-1, -1}; /* where in heartbeat and acknowledgement the two ids stand */
static long expected;
static double seconds = 5, rate = 1000;
static bool huffman, running;
static struct sockaddr_in target;
static uint32_t *latencies;
static uint64_t beats, serial;
static struct { long open, dead, refused, rst, goaway, ended, connects, events, event_bytes, pings, stalls; } tally;
static char first_fault[200];

static void handle_open(struct conn *c);
static void kill_conn(struct conn *c, const char *why);

static void die(const char *what) {
    fprintf(stderr, "agentload: %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void put32(uint8_t *at, uint32_t value) {
    at[0] = (uint8_t)(value >> 24), at[1] = (uint8_t)(value >> 16), at[2] = (uint8_t)(value >> 8), at[3] = (uint8_t)value;
}

static uint32_t get32(const uint8_t *at) {
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void frame_head(uint8_t *at, uint32_t length, uint8_t type, uint8_t flags, uint32_t stream) {
    put32(at, length << 8 | type);
    at[4] = flags;
    put32(at + 5, stream);
}

/* ---- out ---- */

static void watch(struct conn *c, uint32_t events) {
    struct epoll_event event = {.events = events, .data.ptr = c};
    if (epoll_ctl(poller, EPOLL_CTL_MOD, c->fd, &event)) die("epoll_ctl");
}

static void out(struct conn *c, const uint8_t *bytes, uint32_t n) {
    if (c->state == DEAD) return;
    ssize_t done = 0;
    if (!c->out_n) {
        done = send(c->fd, bytes, n, MSG_NOSIGNAL);
        if (done < 0 && errno != EAGAIN) {
            kill_conn(c, strerror(errno));
            return;
        }
        if (done < 0) done = 0;
        if ((uint32_t)done == n) return;
        watch(c, EPOLLIN | EPOLLOUT);
    }
    c->out = realloc(c->out, c->out_n + n - (uint32_t)done);
    if (!c->out) die("memory");
    memcpy(c->out + c->out_n, bytes + done, n - (uint32_t)done);
    c->out_n += n - (uint32_t)done;
}

static void flush_out(struct conn *c) {
    ssize_t done = send(c->fd, c->out, c->out_n, MSG_NOSIGNAL);
    if (done < 0) {
        if (errno != EAGAIN) kill_conn(c, strerror(errno));
        return;
    }
    memmove(c->out, c->out + done, c->out_n - (uint32_t)done);
    c->out_n -= (uint32_t)done;
    if (!c->out_n) watch(c, EPOLLIN);
}

static bool data(struct conn *c, const uint8_t *framed, uint32_t n) {
    if (c->connection_credit < n - 9 || c->stream_credit < n - 9) {
        tally.stalls++;
        return false;
    }
    c->connection_credit -= n - 9;
    c->stream_credit -= n - 9;
    out(c, framed, n);
    return true;
}

/* Each heartbeat has ids of its own, as an agent's have. */
static void send_beat(struct conn *c) {
    static const char digits[] = "0123456789abcdef";
    uint64_t number = ++serial;
    for (int digit = 11; digit >= 0; digit--, number >>= 4)
        for (int place = 0; place < 2; place++)
            if (id_at[place] >= 0) beat[14 + id_at[place] + 24 + digit] = (uint8_t)digits[number & 15];
    if (!data(c, beat, beat_n)) c->owed++;
}

/* The n-th event is acknowledged by the n-th acknowledgement: their ids end in six digits. */
static void send_ack(struct conn *c) {
    uint32_t number = c->seen;
    for (int digit = 5; digit >= 0; digit--, number /= 10)
        for (int place = 0; place < 2; place++)
            if (ack_at[place] >= 0) acknowledgement[14 + ack_at[place] + digit] = (uint8_t)('0' + number % 10);
    data(c, acknowledgement, acknowledgement_n);
}

/* ---- the agent's calls ---- */

static uint32_t put_varint(uint8_t *at, uint32_t prefix_bits, uint8_t flags, uint32_t value) {
    uint32_t most = (1u << prefix_bits) - 1, n = 0;
    if (value < most) {
        at[n++] = (uint8_t)(flags | value);
        return n;
    }
    at[n++] = (uint8_t)(flags | most);
    for (value -= most; value >= 128; value >>= 7) at[n++] = (uint8_t)(value | 128);
    at[n++] = (uint8_t)value;
    return n;
}

static uint32_t put_text(uint8_t *at, const uint8_t *text, uint32_t n) {
    if (!huffman) {
        uint32_t length = put_varint(at, 7, 0, n);
        memcpy(at + length, text, n);
        return length + n;
    }
    uint32_t bits = 0;
    for (uint32_t i = 0; i < n; i++) bits += huffman_bits[text[i]];
    uint32_t length = put_varint(at, 7, 128, (bits + 7) / 8);
    uint64_t held = 0;
    uint32_t held_bits = 0;
    for (uint32_t i = 0; i < n; i++) {
        held = held << huffman_bits[text[i]] | huffman_code[text[i]];
        for (held_bits += huffman_bits[text[i]]; held_bits >= 8; held_bits -= 8)
            at[length++] = (uint8_t)(held >> (held_bits - 8));
    }
    if (held_bits) at[length++] = (uint8_t)(held << (8 - held_bits) | (0xffu >> held_bits));
    return length;
}

/* Subscribe with the token of the AuthResponse (its field 1), and send the first heartbeat. */
static void subscribe(struct conn *c) {
    uint8_t block[9 + MAX_FRAME];
    uint32_t at = 1, n = 0, shift = 0;
    if (c->token_n < 3 || c->token[0] != 0x0a) {
        kill_conn(c, "Authenticate gave no token");
        return;
    }
    do n |= (uint32_t)(c->token[at] & 127) << shift, shift += 7;
    while (c->token[at++] & 128 && at < c->token_n && shift < 28);
    if (at + n > c->token_n) {
        kill_conn(c, "Authenticate gave half a token");
        return;
    }
    uint32_t length = agents[c->agent].subscribe_n;
    memcpy(block + 9, agents[c->agent].subscribe, length);
    block[9 + length++] = 0x40 | 23; /* literal with indexing, name 23 of the static table: authorization */
    length += put_text(block + 9 + length, c->token + at, n);
    frame_head(block, length, HEADERS, END_HEADERS, EVENT_STREAM);
    free(c->token);
    c->token = NULL;
    c->token_n = 0;
    c->state = SUBSCRIBED;
    out(c, block, 9 + length);
    if (c->state == SUBSCRIBED) send_beat(c);
}

static void connect_agent(struct conn *c) {
    int one = 1, agent = c->agent;
    struct linger linger = {1, 0};
    memset(c, 0, sizeof *c);
    c->agent = agent;
    c->connection_credit = c->stream_credit = c->initial_credit = WINDOW;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0) die("socket");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger); /* no TIME_WAIT: ports would run out */
    setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000001u + (uint32_t)agent / PER_ADDRESS)};
    if (bind(c->fd, (struct sockaddr *)&from, sizeof from)) die("bind");
    struct epoll_event event = {.events = EPOLLOUT, .data.ptr = c};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, c->fd, &event)) die("epoll_ctl");
    c->state = CONNECTING;
    tally.connects++;
    if (connect(c->fd, (struct sockaddr *)&target, sizeof target) && errno != EINPROGRESS) kill_conn(c, strerror(errno));
}

/* Close it; `why` is NULL when this side wanted it. */
static void kill_conn(struct conn *c, const char *why) {
    if (c->state == DEAD) return;
    if (c->state == CONNECTING) tally.refused++;
    if (why && !first_fault[0]) {
        size_t n = 0;
        for (; why[n] && n < sizeof first_fault - 1; n++)
            first_fault[n] = why[n] < ' ' || why[n] == '"' || why[n] == '\\' || why[n] > '~' ? '?' : why[n];
    }
    if (c->state == OPEN) tally.open--;
    if (why) tally.dead++;
    c->state = DEAD;
    close(c->fd);
    free(c->token);
    free(c->out);
    c->token = c->out = NULL;
    c->token_n = c->out_n = 0;
}

/* ---- in ---- */

static void note_latency(uint64_t due) {
    uint64_t micros = (now_ns() - due) / 1000;
    latencies[micros < LATENCIES ? micros : LATENCIES - 1]++;
}

/* A whole message arrived on the event stream. */
static void message(struct conn *c, uint32_t size) {
    if (c->state == SUBSCRIBED) {
        handle_open(c);
    } else if (mode == EVENTS) {
        tally.events++;
        tally.event_bytes += size;
        if (acknowledgement) send_ack(c);
        c->seen++;
    } else if (running && c->waiting) {
        beats++;
        note_latency(c->due[c->first]);
        c->first = (uint16_t)((c->first + 1) % RING);
        c->waiting--;
        if (mode == BEATS) {
            c->due[(c->first + c->waiting++) % RING] = now_ns();
            send_beat(c);
        }
    } else if (mode == CHURN) {
        beats++;
    }
}

static void on_data(struct conn *c, uint32_t stream, const uint8_t *at, uint32_t n) {
    c->unreturned += n;
    while (n) {
        if (c->prefix_n < 5) {
            c->prefix[c->prefix_n++] = *at++, n--;
            if (c->prefix_n < 5) continue;
            c->message_left = get32(c->prefix + 1);
            if (stream == AUTH_STREAM) {
                if (c->message_left > MAX_TOKEN) {
                    kill_conn(c, "answer of Authenticate too long");
                    return;
                }
                c->token = realloc(c->token, c->message_left + 1);
            }
        }
        uint32_t taken = n < c->message_left ? n : c->message_left;
        if (stream == AUTH_STREAM && c->token) {
            memcpy(c->token + c->token_n, at, taken);
            c->token_n += taken;
        }
        at += taken, n -= taken, c->message_left -= taken;
        if (!c->message_left) {
            c->prefix_n = 0;
            if (stream == EVENT_STREAM) message(c, get32(c->prefix + 1));
            if (c->state == DEAD) return;
        }
    }
    if (c->unreturned >= CREDIT_AT) {
        uint8_t frames[26];
        frame_head(frames, 4, WINDOW_UPDATE, 0, 0);
        put32(frames + 9, c->unreturned);
        frame_head(frames + 13, 4, WINDOW_UPDATE, 0, EVENT_STREAM);
        put32(frames + 22, c->unreturned);
        c->unreturned = 0;
        out(c, frames, sizeof frames);
    }
}

static void stream_ended(struct conn *c, uint32_t stream) {
    if (stream == AUTH_STREAM && c->state == AUTHENTICATING) {
        subscribe(c);
        return;
    }
    if (stream != EVENT_STREAM) return;
    tally.ended++;
    kill_conn(c, c->state == LEAVING ? NULL : "the principal ended the stream");
}

static void pay_owed(struct conn *c) {
    while (c->owed && c->connection_credit >= beat_n && c->stream_credit >= beat_n && c->state != DEAD) {
        c->owed--;
        send_beat(c);
    }
}

/* A frame is complete; of its payload, `small` has the first bytes. */
static void on_frame(struct conn *c, uint8_t type, uint8_t flags, uint32_t stream, uint32_t length) {
    static const uint8_t settings_ack[9] = {0, 0, 0, SETTINGS, ACK};
    if (type == SETTINGS && !(flags & ACK)) {
        for (uint32_t at = 0; at + 6 <= c->small_n; at += 6)
            if (c->small[at] == 0 && c->small[at + 1] == 4) {
                int64_t initial = get32(c->small + at + 2);
                c->stream_credit += initial - c->initial_credit;
                c->initial_credit = initial;
            }
        out(c, settings_ack, 9);
        pay_owed(c);
    } else if (type == PING && !(flags & ACK) && length == 8) {
        uint8_t answer[17];
        frame_head(answer, 8, PING, ACK, 0);
        memcpy(answer + 9, c->small, 8);
        tally.pings++;
        out(c, answer, 17);
    } else if (type == WINDOW_UPDATE && length == 4) {
        uint32_t more = get32(c->small) & 0x7fffffffu;
        if (!stream) c->connection_credit += more;
        if (stream == EVENT_STREAM) c->stream_credit += more;
        pay_owed(c);
    } else if (type == RST_STREAM) {
        tally.rst++;
        char why[60];
        snprintf(why, sizeof why, "RST_STREAM %u of stream %u", get32(c->small), stream);
        kill_conn(c, c->state == LEAVING ? NULL : why);
    } else if (type == GOAWAY) {
        tally.goaway++;
        if (get32(c->small + 4)) {
            char why[80];
            snprintf(why, sizeof why, "GOAWAY %u %.*s", get32(c->small + 4), (int)(c->small_n > 8 ? c->small_n - 8 : 0), c->small + 8);
            kill_conn(c, why);
        }
    } else if ((type == DATA || type == HEADERS) && flags & END_STREAM) {
        stream_ended(c, stream);
    }
}

static void on_bytes(struct conn *c, const uint8_t *at, uint32_t n) {
    while (n && c->state != DEAD) {
        if (c->head_n < 9) {
            uint32_t taken = n < 9u - c->head_n ? n : 9u - c->head_n;
            memcpy(c->head + c->head_n, at, taken);
            c->head_n += (uint8_t)taken, at += taken, n -= taken;
            if (c->head_n < 9) return;
            c->left = get32(c->head) >> 8;
            c->small_n = 0;
            if (c->left > MAX_FRAME || (c->head[3] == DATA && c->head[4] & PADDED)) {
                kill_conn(c, "a frame that this generator does not read");
                return;
            }
        }
        uint8_t type = c->head[3], flags = c->head[4];
        uint32_t stream = get32(c->head + 5) & 0x7fffffffu;
        uint32_t taken = n < c->left ? n : c->left;
        if (type == DATA) {
            on_data(c, stream, at, taken);
        } else {
            uint32_t kept = sizeof c->small - c->small_n;
            if (kept > taken) kept = taken;
            memcpy(c->small + c->small_n, at, kept);
            c->small_n += (uint8_t)kept;
        }
        at += taken, n -= taken, c->left -= taken;
        if (!c->left && c->state != DEAD) {
            c->head_n = 0;
            on_frame(c, type, flags, stream, get32(c->head) >> 8);
        }
    }
}

static void on_event(struct conn *c, uint32_t events) {
    static uint8_t buffer[262144];
    if (c->state == DEAD) return;
    if (c->state == CONNECTING) {
        int error = 0;
        socklen_t size = sizeof error;
        getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &size);
        if (error) {
            kill_conn(c, strerror(error));
            return;
        }
        watch(c, EPOLLIN);
        c->state = AUTHENTICATING;
        if (mode == CHURN && rand() % 10 == 0) { /* never a whole preface: the server must lose patience */
            c->state = STUCK;
            out(c, agents[c->agent].open, (uint32_t)(rand() % 24));
            c->ends = now_ns() + (1u + (unsigned)rand() % 20u) * 1000000000ull;
            return;
        }
        out(c, agents[c->agent].open, agents[c->agent].open_n);
        return;
    }
    if (events & EPOLLOUT && c->out_n) flush_out(c);
    if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR)) || c->state == DEAD) return;
    ssize_t n = recv(c->fd, buffer, sizeof buffer, 0);
    if (n > 0) on_bytes(c, buffer, (uint32_t)n);
    else if (n == 0 || errno != EAGAIN) {
        const char *why = n ? strerror(errno) : "the principal closed the connection";
        kill_conn(c, c->state == LEAVING || c->state == STUCK ? NULL : why);
    }
}

static bool turn(int timeout_ms) {
    struct epoll_event events[512];
    int n = epoll_wait(poller, events, 512, timeout_ms);
    if (n < 0 && errno != EINTR) die("epoll_wait");
    bool said = false;
    for (int i = 0; i < n; i++) {
        if (events[i].data.ptr) on_event(events[i].data.ptr, events[i].events);
        else said = true;
    }
    return said;
}

/* ---- modes ---- */

static void handle_open(struct conn *c) {
    c->state = OPEN;
    tally.open++;
    if (mode == CHURN) {
        c->next = now_ns() + (unsigned)rand() % 1000u * 1000000ull;
        c->ends = now_ns() + (500u + (unsigned)rand() % 8000u) * 1000000ull;
    }
}

static void connect_all(uint64_t until) {
    int started = 0;
    while (tally.open + tally.dead < count && now_ns() < until) {
        while (started < count && started - tally.open - tally.dead < in_flight) connect_agent(&conns[started++]);
        turn(50);
    }
}

static void await_go(void) {
    char line[16];
    printf("ready %ld\n", tally.open);
    fflush(stdout);
    while (!turn(1000)) {
    }
    if (!fgets(line, sizeof line, stdin)) exit(1);
}

static void run_rate(uint64_t start, uint64_t until) {
    double step = 1e9 / rate;
    uint64_t number = 0;
    int at = 0;
    for (uint64_t now = start; now < until; now = now_ns()) {
        for (; start + (uint64_t)((double)number * step) <= now; number++) {
            struct conn *c = &conns[at++ % count];
            if (c->state != OPEN || c->waiting == RING) continue;
            c->due[(c->first + c->waiting++) % RING] = start + (uint64_t)((double)number * step);
            send_beat(c);
        }
        turn(0);
    }
    for (uint64_t end = now_ns() + 1000000000u; now_ns() < end;) turn(10); /* those still on their way */
}

static void leave(struct conn *c) {
    uint8_t frame[13];
    struct linger orderly = {0, 0};
    tally.open--;
    c->state = LEAVING;
    c->ends = now_ns() + 3000000000u;
    switch (rand() % 6) {
        case 0: /* goes without a word, by FIN */
            setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &orderly, sizeof orderly);
            kill_conn(c, NULL);
            break;
        case 1: /* by a TCP reset */
            kill_conn(c, NULL);
            break;
        case 2: /* cancels the stream */
            frame_head(frame, 4, RST_STREAM, 0, EVENT_STREAM);
            put32(frame + 9, 8);
            out(c, frame, 13);
            break;
        case 3: /* ends its half of the stream, and reads on */
            frame_head(frame, 0, DATA, END_STREAM, EVENT_STREAM);
            out(c, frame, 9);
            break;
        case 4: /* ends its half of the connection */
            shutdown(c->fd, SHUT_WR);
            break;
        default: /* reads and writes nothing more, for a while */
            watch(c, 0);
            c->state = STUCK;
            c->ends = now_ns() + (1u + (unsigned)rand() % 20u) * 1000000000ull;
    }
}

static void run_churn(uint64_t until) {
    while (now_ns() < until) {
        turn(20);
        uint64_t now = now_ns();
        int fresh = 20; /* connections a turn at most */
        for (int i = 0; i < count; i++) {
            struct conn *c = &conns[i];
            if ((c->state == NEW || c->state == DEAD) && fresh > 0) fresh--, connect_agent(c);
            else if ((c->state == LEAVING || c->state == STUCK) && now >= c->ends) kill_conn(c, NULL);
            else if (c->state == OPEN && now >= c->ends) leave(c);
            else if (c->state == OPEN && now >= c->next) c->next = now + 1000000000u, send_beat(c);
        }
    }
    for (int i = 0; i < count; i++)
        if (conns[i].state != NEW) kill_conn(&conns[i], NULL);
}

static uint32_t percentile(uint64_t all, double share) {
    uint64_t seen = 0;
    for (uint32_t micros = 0; micros < LATENCIES; micros++)
        if ((seen += latencies[micros]) >= (uint64_t)((double)all * share) && seen) return micros;
    return 0;
}

/* ---- start ---- */

static uint8_t *slurp(const char *path, uint32_t *n) {
    FILE *file = fopen(path, "rb");
    if (!file) die(path);
    fseek(file, 0, SEEK_END);
    long size = ftell(file);
    rewind(file);
    uint8_t *bytes = malloc((size_t)size + 1);
    if (!bytes || fread(bytes, 1, (size_t)size, file) != (size_t)size) die(path);
    fclose(file);
    *n = (uint32_t)size;
    return bytes;
}

/* A message as a DATA frame of the event stream. */
static uint8_t *framed(const char *path, uint32_t *n) {
    uint32_t size;
    uint8_t *message = slurp(path, &size), *bytes = malloc(size + 14);
    if (!bytes) die("memory");
    frame_head(bytes, size + 5, DATA, 0, EVENT_STREAM);
    bytes[9] = 0;
    put32(bytes + 10, size);
    memcpy(bytes + 14, message, size);
    free(message);
    *n = size + 14;
    return bytes;
}

static void read_agents(const char *path) {
    uint32_t n, at = 0;
    uint8_t *bytes = slurp(path, &n);
    agents = calloc((size_t)count, sizeof *agents);
    for (int i = 0; i < count; i++) {
        if (at + 4 > n) {
            fprintf(stderr, "agentload: %s has %d agents: %d are needed\n", path, i, count);
            exit(1);
        }
        agents[i].open_n = get32(bytes + at), agents[i].open = bytes + at + 4, at += 4 + agents[i].open_n;
        agents[i].subscribe_n = get32(bytes + at), agents[i].subscribe = bytes + at + 4, at += 4 + agents[i].subscribe_n;
    }
}

int main(int argc, char **argv) {
    const char *agents_path = NULL, *beat_path = NULL, *ack_path = NULL;
    mode = (enum mode)-1;
    for (int i = 0; argc > 1 && i < 6; i++)
        if (!strcmp(argv[1], MODES[i])) mode = (enum mode)i;
    for (int i = 2; i + 1 < argc; i += 2) {
        const char *name = argv[i], *value = argv[i + 1];
        if (!strcmp(name, "--port")) port = atoi(value);
        else if (!strcmp(name, "--agents")) agents_path = value;
        else if (!strcmp(name, "--beat")) beat_path = value;
        else if (!strcmp(name, "--ack")) ack_path = value;
        else if (!strcmp(name, "--count")) count = atoi(value);
        else if (!strcmp(name, "--seconds")) seconds = atof(value);
        else if (!strcmp(name, "--rate")) rate = atof(value);
        else if (!strcmp(name, "--in-flight")) in_flight = atoi(value);
        else if (!strcmp(name, "--huffman")) huffman = atoi(value) != 0;
        else if (!strcmp(name, "--id-at")) id_at[id_at[0] >= 0] = atoi(value);
        else if (!strcmp(name, "--ack-at")) ack_at[ack_at[0] >= 0] = atoi(value);
        else if (!strcmp(name, "--expect")) expected = atol(value);
        else port = 0;
    }
    if ((int)mode < 0 || !port || !agents_path || !beat_path || count < 1) {
        fprintf(stderr, "usage: agentload beats|rate|idle|events|storm|churn --port P --agents FILE --beat FILE ...\n");
        return 2;
    }
    alarm(LIMIT + (unsigned)(mode == CHURN ? seconds : 0));
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    read_agents(agents_path);
    beat = framed(beat_path, &beat_n);
    if (ack_path) acknowledgement = framed(ack_path, &acknowledgement_n);
    latencies = calloc(LATENCIES, sizeof *latencies);
    conns = calloc((size_t)count, sizeof *conns);
    poller = epoll_create1(EPOLL_CLOEXEC);
    for (int i = 0; i < count; i++) conns[i].agent = i, conns[i].fd = -1;
    target = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    if (!conns || !latencies || epoll_ctl(poller, EPOLL_CTL_ADD, 0, &event)) die("start");

    if (mode != STORM && mode != CHURN) connect_all(now_ns() + 120ull * 1000000000u);
    await_go();
    running = true;
    uint64_t start = now_ns(), until = start + (uint64_t)(seconds * 1e9);
    if (mode == STORM) {
        connect_all(until);
    } else if (mode == CHURN) {
        run_churn(until);
    } else if (mode == RATE) {
        run_rate(start, until);
    } else if (mode == BEATS) {
        for (int i = 0; i < count; i++)
            if (conns[i].state == OPEN) conns[i].due[0] = now_ns(), conns[i].waiting = 1, send_beat(&conns[i]);
        while (now_ns() < until) turn(10);
    } else {
        while (!(expected && tally.events >= expected) && !turn(100)) {
        }
    }
    double took = (double)(now_ns() - start) / 1e9;
    printf("{\"seconds\": %.6f, \"open\": %ld, \"dead\": %ld, \"refused\": %ld, \"rst\": %ld, \"goaway\": %ld, \"ended\": %ld, "
           "\"connects\": %ld, \"events\": %ld, \"event_bytes\": %ld, \"pings\": %ld, \"stalls\": %ld, \"beats\": %llu, "
           "\"p50\": %u, \"p99\": %u, \"fault\": \"%s\"}\n",
           took, tally.open, tally.dead, tally.refused, tally.rst, tally.goaway, tally.ended, tally.connects, tally.events,
           tally.event_bytes, tally.pings, tally.stalls, (unsigned long long)beats, percentile(beats, 0.5), percentile(beats, 0.99),
           first_fault);
    return 0;
}
