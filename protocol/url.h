/* SPDX-License-Identifier: MIT */

/* The names of peers, as TONGS_SERVER and `tongs serve --listen` give them:
 *
 *    unix:PATH                      a unix socket; PATH may be relative
 *    tcp:HOST:PORT                  IPv6 addresses in brackets: tcp:[::1]:7777
 *    vsock:CID:PORT                 numbers both
 *    vsock:/PATH:PORT               through the unix socket by which a monitor (Firecracker,
 *                                   cloud-hypervisor) leads to a guest's ports
 *    virtgpu[:/dev/dri/renderDN]    the virtio-gpu device with our capset, or one render node
 *    spawn                          a private worker over a socket pair
 */

#ifndef TONGS_URL_H
#define TONGS_URL_H

#include <stddef.h>
#include <stdint.h>

enum tongs_transport {
   TONGS_TRANSPORT_UNIX,
   TONGS_TRANSPORT_TCP,
   TONGS_TRANSPORT_VSOCK,
   TONGS_TRANSPORT_VIRTGPU,
   TONGS_TRANSPORT_SPAWN,
};

/* The number of bytes that fit into sockaddr_un.sun_path with its final NUL. */
#define TONGS_URL_PATH_SIZE 108

/* The longest name that DNS allows has 253 characters. */
#define TONGS_URL_HOST_SIZE 256

/* Long enough for the text of any tongs_url. */
#define TONGS_URL_TEXT_SIZE 300

struct tongs_url {
   enum tongs_transport transport;

   /* unix: the socket. vsock: a monitor's, or "". virtgpu: the render node, or "" for the first one
    * that fits. */
   char path[TONGS_URL_PATH_SIZE];

   /* tcp: a name or an address, without brackets. */
   char host[TONGS_URL_HOST_SIZE];

   /* vsock only. */
   uint32_t cid;

   /* tcp (1 to 65535), vsock (32 bits). */
   uint32_t port;
};

/* Reads `text` into *url. On failure returns -EINVAL, leaves *url alone and writes a sentence
 * (without a final full stop or newline) that says what is wrong into why[why_size].
 * Whether this build can carry the transport is another question: tongs_url_check_carried().
 */
int
tongs_url_parse(const char *text, struct tongs_url *url, char *why, size_t why_size);

/* 0 when this build has code for the transport, else -EPROTONOSUPPORT and a sentence in why. */
int
tongs_url_check_carried(const struct tongs_url *url, char *why, size_t why_size);

/* Writes the URL back as text, cut at `size`; parsing that gives an equal struct. */
void
tongs_url_format(const struct tongs_url *url, char *text, size_t size);

/* The word in front of the colon: "unix", "tcp", ... */
const char *
tongs_transport_name(enum tongs_transport transport);

#endif
