// Drives a library in a real browser, on a page of another origin than the server's:
// browser.mjs <library> <host> <key> <chromium> <folder of playwright-core and esbuild>.

import { createRequire } from 'node:module'
import http from 'node:http'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const [library, host, key, executablePath, modules] = process.argv.slice(2)
const here = path.dirname(fileURLToPath(import.meta.url))
const require = createRequire(path.join(modules, 'x.js'))
const esbuild = require('esbuild')
const { chromium } = require('playwright-core')

const entries = {
  segment: `
    import { AnalyticsBrowser } from '@segment/analytics-next'
    window.run = async (host, key, batching) => {
      const strategy = batching ? { deliveryStrategy: { strategy: 'batching', config: { size: 100, timeout: 300 } } } : {}
      const analytics = AnalyticsBrowser.load({ writeKey: key, cdnURL: host }, { integrations: { 'Segment.io': strategy } })
      analytics.on('error', (e) => console.error('library:', JSON.stringify(e)))
      await analytics.page('Docs', 'Guide', { from: 'test' })
      await analytics.identify('ana', { email: 'ana@example.org', plan: 'pro' })
      await analytics.track('Order Completed', { order_id: 'o-1', revenue: 12.5, currency: 'EUR' })
      await analytics.group('acme', { seats: 5 })
      await analytics.alias('ana', 'visitor-7')
    }`,
  // With its plugins in it: without, it fetches them from its maker.
  rudderstack: `
    import { RudderAnalytics } from '@rudderstack/analytics-js/bundled'
    window.run = async (host, key, batching) => {
      const analytics = new RudderAnalytics()
      const queueOptions = { batch: { enabled: Boolean(batching), maxItems: 100, flushInterval: 300 } }
      analytics.load(key, host, { configUrl: host, queueOptions, sendAdblockPage: false, logLevel: 'WARN' })
      analytics.page('Docs', 'Guide', { from: 'test' })
      analytics.identify('ana', { email: 'ana@example.org', plan: 'pro' })
      analytics.track('Order Completed', { order_id: 'o-1', revenue: 12.5, currency: 'EUR' })
      analytics.group('acme', { seats: 5 })
      analytics.alias('ana', 'visitor-7')
    }`,
}

const [name, mode] = library.split('-')
const built = await esbuild.build({
  stdin: { contents: entries[name], resolveDir: here },
  bundle: true,
  write: false,
  format: 'iife',
  define: { 'process.env.NODE_ENV': '"production"', global: 'window' },
  logLevel: 'error',
})
const script = built.outputFiles[0].text

const server = http.createServer((request, response) => {
  const isScript = request.url === '/bundle.js'
  response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html; charset=utf-8')
  response.end(isScript ? script : '<!doctype html><title>Guide</title><script src="/bundle.js"></script>')
})
await new Promise((done) => server.listen(0, 'localhost', done))

const browser = await chromium.launch({
  executablePath,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
})
const said = []
// A library that never gets ready fails the test instead of holding it.
const patience = setTimeout(() => {
  console.error(`no end after 40 seconds\n${said.join('\n')}`)
  process.exit(3)
}, 40_000)
try {
  const page = await browser.newPage()
  page.on('console', (m) => said.push(m.text()))
  page.on('pageerror', (e) => said.push(String(e)))
  page.on('requestfailed', (r) => said.push(`failed: ${r.method()} ${r.url()} ${r.failure()?.errorText}`))
  await page.goto(`http://localhost:${server.address().port}/guide?utm_campaign=spring&utm_source=mail`)
  // The page stays until the server has answered for each of the five calls.
  let answered = 0
  const all = new Promise((done) => {
    page.on('response', (response) => {
      const body = response.ok() && response.request().method() === 'POST' && response.request().postData()
      if (!body) return
      answered += JSON.parse(body).batch?.length ?? 1
      if (answered >= 5) done()
    })
  })
  await page.evaluate(([h, k, b]) => window.run(h, k, b), [host, key, mode === 'batching'])
  await all
} finally {
  await browser.close()
  server.close()
  clearTimeout(patience)
}
console.log(said.join('\n'))
