// Reads names of Markdown files, one a line; writes a line of JSON for each: the links and the names
// that remark and GitHub's slugger find in it. Raw HTML is parsed as a browser does.
import {readFileSync} from 'node:fs'
import {createInterface} from 'node:readline'
import Slugger from 'github-slugger'
import {toString} from 'hast-util-to-string'
import rehypeRaw from 'rehype-raw'
import remarkFrontmatter from 'remark-frontmatter'
import remarkGfm from 'remark-gfm'
import remarkParse from 'remark-parse'
import remarkRehype from 'remark-rehype'
import {unified} from 'unified'
import {visit} from 'unist-util-visit'

const pipeline = unified()
  .use(remarkParse)
  .use(remarkGfm)
  .use(remarkFrontmatter, ['yaml', 'toml'])
  .use(remarkRehype, {allowDangerousHtml: true, clobberPrefix: ''})
  .use(rehypeRaw, {tagfilter: true})

function linkOf(node) {
  const {href, src, dataFootnoteRef, dataFootnoteBackref} = node.properties
  if (dataFootnoteRef !== undefined || dataFootnoteBackref !== undefined) return undefined
  if (node.tagName === 'a') return href
  if (node.tagName === 'img') return src
}

function read(file) {
  const text = readFileSync(file, 'utf8')
  const tree = pipeline.runSync(pipeline.parse(text), {value: text})
  const slugger = new Slugger()
  const links = []
  const names = []
  visit(tree, 'element', node => {
    const {id, name, dataFootnotes} = node.properties
    if (dataFootnotes !== undefined) return
    const url = linkOf(node)
    const at = node.position
    if (url !== undefined) links.push([String(url), at ? at.start.line : 0, at ? at.end.line : 0])
    if (/^h[1-6]$/.test(node.tagName) && id !== 'footnote-label') names.push(slugger.slug(toString(node)))
    if (id) names.push(String(id))
    if (node.tagName === 'a' && name) names.push(String(name))
  })
  return {file, links, names}
}

for await (const file of createInterface({input: process.stdin})) {
  let found
  try {
    found = read(file)
  } catch (error) {
    found = {file, error: String(error)}
  }
  console.log(JSON.stringify(found))
}
