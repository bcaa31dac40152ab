// What is true of the links in a folder of documentation: `node oracle.js FOLDER`. Pages are parsed by
// parse5, addresses by the URL class, both as browsers do; whether a file is there says the file
// system. Writes a line of JSON for each link: page, line, element, attribute, raw, path, fragment,
// and a verdict: ok, broken, fragment-missing, bad-url, or elsewhere. Scripts and data are no links.
//
// What begins with data- has no meaning but to the page's own scripts, which put it in its place.
//
// Nothing here knows how davit works, so that both can be wrong only where both are of one mind.
import {readFileSync, readdirSync, realpathSync, statSync} from 'node:fs'
import {parse} from 'parse5'

const folder = realpathSync(process.argv[2])
const SITE = 'http://site.invalid'
const URLS = new Set(`a href, a xlink:href, area href, audio src, blockquote cite, body background, del cite,
  embed src, form action, frame src, iframe src, image href, image xlink:href, img longdesc, img src,
  input src, ins cite, link href, object data, q cite, script src, source src, table background,
  td background, th background, track src, use href, use xlink:href, video poster, video src,
  a data-href, area data-href, img data-src, iframe data-src, link data-href, script data-src`.split(/,\s+/))

function statOf(path) {
  return statSync(path, {throwIfNoEntry: false})
}

// Files beneath a folder, relative to it; a folder that a link leads to is walked once, as others are.
function * walk(relative, seen) {
  const real = realpathSync(folder + relative)
  if (seen.has(real)) return
  seen.add(real)
  for (const name of readdirSync(folder + relative).sort()) {
    const stat = name.startsWith('.') ? undefined : statOf(`${folder}${relative}/${name}`)
    if (stat?.isDirectory()) yield * walk(`${relative}/${name}`, seen)
    else if (stat?.isFile()) yield `${relative}/${name}`
  }
}

// HTML 13.2.3.2, as far as these pages need it.
function decode(bytes) {
  const head = bytes.subarray(0, 1024).toString('latin1')
  const label = bytes.subarray(0, 3).equals(Buffer.from([0xef, 0xbb, 0xbf])) ? 'utf-8'
    : (/<meta[^>]*?charset\s*=\s*["']?([\w-]+)/i.exec(head) ?? /^<\?xml[^>]*encoding\s*=\s*["']([\w-]+)/.exec(head))?.[1]
  try {
    return new TextDecoder(label ?? 'windows-1252').decode(bytes)
  } catch {
    return new TextDecoder('windows-1252').decode(bytes)
  }
}

function * elements(node) {
  if (node.tagName) yield node
  for (const child of node.childNodes ?? []) yield * elements(child)
  if (node.content) yield * elements(node.content)
}

// What CSS refers to, in the order in which it stands there: @import is met as a string as well.
function * ofStyle(css) {
  const text = css.replace(/\/\*[^]*?\*\//g, found => found.replace(/[^\n]/g, ' '))
  for (const found of text.matchAll(/(@import\s+)?url\(\s*(?:"([^"]*)"|'([^']*)'|([^\s"')]*))\s*\)|@import\s+(?:"([^"]*)"|'([^']*)')/gi)) {
    const raw = found[2] ?? found[3] ?? found[4] ?? found[5] ?? found[6]
    yield {raw, attribute: /^@import/i.test(found[0]) ? '@import' : 'url', line: text.slice(0, found.index).split('\n').length}
  }
}

function * ofAttribute(node, attribute, line) {
  const name = (attribute.prefix ? attribute.prefix + ':' : '') + attribute.name
  const element = node.tagName.toLowerCase()
  const at = {element, attribute: name, line}
  if (name === 'style') for (const {raw} of ofStyle(attribute.value)) yield {...at, element: 'css', attribute: 'url', raw}
  else if (name === 'srcset') for (const one of attribute.value.split(/,\s+/)) yield {...at, raw: one.trim().split(/\s+/)[0]}
  else if (URLS.has(`${element} ${name}`)) yield {...at, raw: attribute.value}
}

const NOWHERE = /^[\s\0-\x20]*(javascript|data|about|blob):/i

function * ofElement(node) {
  const lines = node.sourceCodeLocation?.attrs ?? {}
  for (const attribute of node.attrs) {
    const place = lines[(attribute.prefix ? attribute.prefix + ':' : '') + attribute.name]
    yield * ofAttribute(node, attribute, place ? [place.startLine, place.endLine] : [0, 0])
  }
  if (node.tagName === 'style')
    for (const {raw, attribute} of ofStyle(node.childNodes[0]?.value ?? '')) yield {element: 'css', attribute, raw, line: [0, 0]}
  const http = node.attrs.find(one => one.name === 'http-equiv')?.value.toLowerCase()
  const refresh = /^[\s\d.]*[;,]?\s*(?:url\s*=\s*)?["']?([^"']+)/i.exec(node.attrs.find(one => one.name === 'content')?.value)
  if (node.tagName === 'meta' && http === 'refresh' && refresh) yield {element: 'meta', attribute: 'content', raw: refresh[1], line: [0, 0]}
}

function read(file) {
  const bytes = readFileSync(folder + file)
  if (/\.css$/i.test(file)) return {names: undefined, links: [...ofStyle(decode(bytes))]
    .filter(link => !NOWHERE.test(link.raw)).map(link => ({element: 'css', ...link, line: [link.line, link.line]}))}
  const page = {names: new Set(), links: [], base: undefined}
  const seen = new Set() // a tag that is left open makes an element in each paragraph that follows
  for (const node of elements(parse(decode(bytes), {scriptingEnabled: false, sourceCodeLocationInfo: true}))) {
    const value = name => node.attrs.find(one => one.name === name)?.value
    if (value('id')) page.names.add(value('id'))
    if (node.tagName === 'a' && value('name')) page.names.add(value('name'))
    const at = node.sourceCodeLocation?.startOffset
    if (at === undefined || seen.has(at)) continue
    seen.add(at)
    if (node.tagName === 'base') page.base ??= value('href')
    page.links.push(...[...ofElement(node)].filter(link => !NOWHERE.test(link.raw)))
  }
  return page
}

const pages = new Map()
for (const file of walk('', new Set()))
  if (/\.(x?html?|svg|css)$/i.test(file)) pages.set(file, read(file))

function decoded(text) {
  return Buffer.from(text.replace(/%([0-9a-f]{2})/gi, (_, hex) => String.fromCharCode(parseInt(hex, 16))), 'latin1').toString('utf8')
}

// HTML 7.4.6.4: the fragment as it stands, then decoded.
function isNamed(names, fragment) {
  if (fragment === '' || names.has(fragment) || names.has(decoded(fragment))) return true
  return decoded(fragment).toLowerCase() === 'top' || fragment.startsWith(':~:') || /^[!/]/.test(fragment)
}

function judge(file, page, raw) {
  let url
  try {
    url = new URL(raw, page.base === undefined ? SITE + encodeURI(file).replace(/[?#]/g, encodeURIComponent) : new URL(page.base, SITE + encodeURI(file)))
  } catch {
    return {verdict: 'bad-url'}
  }
  if (url.origin !== SITE) return {verdict: 'elsewhere'}
  const path = decoded(url.pathname)
  const found = {path, fragment: url.hash.slice(1)}
  const stat = statOf(folder + path)
  const target = stat?.isDirectory() ? path.replace(/\/?$/, '/index.html') : path
  if (!stat || (stat.isFile() && path.endsWith('/'))) return {...found, verdict: 'broken'}
  const names = pages.get(target)?.names
  return {...found, verdict: names && !isNamed(names, found.fragment) ? 'fragment-missing' : 'ok'}
}

let text = ''
for (const [file, page] of pages) {
  for (const {element, attribute, raw, line} of page.links)
    text += JSON.stringify({page: file, line, element, attribute, raw, ...judge(file, page, raw)}) + '\n'
  if (text.length > 1 << 20) {
    process.stdout.write(text)
    text = ''
  }
}
process.stdout.write(text)
