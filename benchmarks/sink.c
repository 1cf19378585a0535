/* An SMTP relay that discards every message, like Postfix's smtp-sink. It prints its port.

   It runs in one thread with poll, and offers PIPELINING. A message ends with a line that contains only a dot; this end
   is recognised even if it is split over several packets. */
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CLIENTS 256
#define BLOCK (1 << 18)

static const char END[] = "\r\n.\r\n";
static struct { int in_message, matched; char line[1024]; size_t length; } clients[CLIENTS];
static struct pollfd watched[CLIENTS + 1];

static void send_replies(int at, char *replies, size_t length) {
    if (length && write(watched[at].fd, replies, length) < 0) perror("write");
}

/* Write the reply to the command in `line` of a client to `out`, and return the length of the reply. */
static size_t reply_to_command(int at, char *out) {
    const char *reply = "250 2.0.0 ok\r\n";
    if (!strncasecmp(clients[at].line, "EHLO", 4)) reply = "250-sink.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE\r\n";
    if (!strncasecmp(clients[at].line, "QUIT", 4)) reply = "221 2.0.0 bye\r\n";
    if (!strncasecmp(clients[at].line, "DATA", 4)) {
        reply = "354 go on\r\n";
        clients[at].in_message = 1;
        clients[at].matched = 2; /* the line end of DATA is the first line end of END, for an empty message */
    }
    strcpy(out, reply);
    return strlen(reply);
}

/* Skip the part of a block that belongs to the message, and return where that part ends.

   `matched` counts the bytes of END that the last bytes of the client have matched so far. */
static char *skip_message(int at, char *from, char *end) {
    int matched = clients[at].matched;
    while (from < end && matched < 5) {
        if (!matched) {
            from = memchr(from, '\r', end - from);
            if (!from) { clients[at].matched = 0; return end; }
        }
        if (*from == END[matched]) matched++, from++;
        else if (matched) matched = 0;
        else from++;
    }
    clients[at].matched = matched;
    if (matched == 5) clients[at].in_message = 0;
    return from;
}

/* Answer everything in a block that a client sent. */
static void answer(int at, char *from, char *end) {
    static char replies[BLOCK];
    size_t length_out = 0;
    while (from < end) {
        if (clients[at].in_message) {
            from = skip_message(at, from, end);
            if (!clients[at].in_message) length_out += sprintf(replies + length_out, "250 2.0.0 kept\r\n");
            continue;
        }
        char *stop = memchr(from, '\n', end - from);
        size_t length = (stop ? stop + 1 : end) - from;
        if (clients[at].length + length >= sizeof clients[at].line) clients[at].length = 0;
        memcpy(clients[at].line + clients[at].length, from, length);
        clients[at].length += length;
        from += length;
        if (stop) {
            clients[at].line[clients[at].length] = 0;
            length_out += reply_to_command(at, replies + length_out);
            clients[at].length = 0;
        }
        if (length_out > BLOCK - 1024) send_replies(at, replies, length_out), length_out = 0;
    }
    send_replies(at, replies, length_out);
}

static void disconnect(int at, int *count) {
    close(watched[at].fd);
    (*count)--;
    watched[at] = watched[*count];
    clients[at] = clients[*count];
}

int main(void) {
    static char block[BLOCK];
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0), count = 1;
    if (bind(listener, (void *)&address, size) || listen(listener, CLIENTS) || getsockname(listener, (void *)&address, &size))
        return perror("listen"), 1;
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    watched[0] = (struct pollfd){.fd = listener, .events = POLLIN};
    for (;;) {
        if (poll(watched, count, -1) < 0) return 1;
        for (int at = count - 1; at > 0; at--) {
            if (!watched[at].revents) continue;
            ssize_t length = read(watched[at].fd, block, BLOCK);
            if (length <= 0) disconnect(at, &count);
            else answer(at, block, block + length);
        }
        if (watched[0].revents && count < CLIENTS) {
            int client = accept(listener, NULL, NULL);
            if (client < 0) continue;
            memset(&clients[count], 0, sizeof clients[count]);
            watched[count] = (struct pollfd){.fd = client, .events = POLLIN};
            if (write(client, "220 sink.test ESMTP\r\n", 21) < 0) perror("greeting");
            count++;
        }
    }
}
