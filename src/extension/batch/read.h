/* extension/batch/read.h: the two forms in which a batch is written.
 *
 *     <batch xmlns="urn:x-davit" xmlns:D="DAV:">
 *       <operation id="1" method="COPY" if-match='"5"'>
 *         <D:href>/a</D:href>
 *         <destination>/b</destination>
 *       </operation>
 *       <operation id="2" method="PROPFIND" href="/b" after="1">
 *         <body><D:propfind>...</D:propfind></body>
 *       </operation>
 *     </batch>
 *
 *     {"operations": [{"id": "1", "method": "COPY", "href": "/a", "destination": "/b",
 *                      "if-match": "\"5\""},
 *                     {"id": "2", "method": "PROPFIND", "href": "/b", "after": ["1"],
 *                      "body": "<propfind ..."}]}
 *
 * Members have the same names in both. */
#pragma once

#include "extension/batch/operation.h"

/* Adds the operations. The body has to outlive the batch. What is wrong is batch->defect. */
void batch_read_xml(struct batch *batch, struct str body);
void batch_read_json(struct batch *batch, struct str body);

/* The same of what Exchange's methods for many have as a body, by batch->x->method. */
void batch_read_targets(struct batch *batch, struct str body);
