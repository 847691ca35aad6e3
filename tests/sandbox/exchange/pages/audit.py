"""What an accessibility checker asks of a page, computed in the browser from the page as it is shown.

Contrast (WCAG 2.2 AA, 1.4.3 and 1.4.11), names of controls, landmarks, references, size of targets, and
scrolling to the side. It does not see what only a person sees: whether a label makes sense.
"""

from __future__ import annotations

from tests.sandbox.exchange.pages.browser import Browser

_AUDIT = r"""
const faults = [];
const say = (rule, element, more = '') => faults.push(
  `${rule}: ${element.outerHTML.slice(0, 90)} ${more}`.replace(/\s+/g, ' '));
const shown = element => element.checkVisibility({checkVisibilityCSS: true, checkOpacity: true})
  && element.getBoundingClientRect().width > 1;
const rgba = text => { const n = text.match(/[\d.]+/g).map(Number); return n.length < 4 ? [...n, 1] : n; };
const channel = c => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
const light = c => 0.2126 * channel(c[0]) + 0.7152 * channel(c[1]) + 0.0722 * channel(c[2]);
const contrast = (a, b) => {
  const [x, y] = [light(a), light(b)].sort((p, q) => q - p);
  return (x + .05) / (y + .05);
};
const ground = element => {
  for (let e = element; e; e = e.parentElement) {
    const colour = rgba(getComputedStyle(e).backgroundColor);
    if (colour[3] === 1) return colour;
    if (colour[3] > 0) say('half-transparent ground', e);
  }
  return matchMedia('(prefers-color-scheme: dark)').matches ? [18, 18, 18, 1] : [255, 255, 255, 1];
};
let measured = 0;
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const element = walker.currentNode.parentElement;
  if (!walker.currentNode.data.trim() || !shown(element) || element.closest('.unseen, .skip')) continue;
  const style = getComputedStyle(element), size = parseFloat(style.fontSize);
  const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
  const ratio = contrast(rgba(style.color), ground(element));
  measured += 1;
  if (ratio < (large ? 3 : 4.5)) say('text contrast', element, ratio.toFixed(2));
}
for (const control of document.querySelectorAll('input:not([type=hidden]), textarea, button, .button')) {
  if (!shown(control)) continue;
  const style = getComputedStyle(control), text = rgba(style.color);
  if (control.matches('input:not([type=checkbox]), textarea') && contrast(text, ground(control)) < 4.5)
    say('typed text contrast', control);
  const edge = Math.max(
    contrast(rgba(style.borderTopColor), ground(control.parentElement)),
    contrast(ground(control), ground(control.parentElement)));
  if (!control.matches('[type=checkbox]') && edge < 3) say('edge contrast', control, edge.toFixed(2));
  const label = control.type === 'checkbox' ? control.labels[0]?.offsetHeight ?? 0 : 0;
  const height = Math.max(control.getBoundingClientRect().height, label);
  if (height < 24) say('small target', control, height);
}
for (const field of document.querySelectorAll('input:not([type=hidden]), textarea, select'))
  if (field.labels.length !== 1 || !field.labels[0].textContent.trim()) say('no label', field);
for (const each of document.querySelectorAll('a, button'))
  if (!each.textContent.trim() && !each.getAttribute('aria-label')) say('no name', each);
for (const each of document.querySelectorAll('img')) if (!each.hasAttribute('alt')) say('no alt', each);
for (const each of document.querySelectorAll('iframe')) if (!each.title) say('no title', each);
for (const each of document.querySelectorAll('fieldset'))
  if (!each.querySelector(':scope > legend')?.textContent.trim()) say('no legend', each);
for (const name of ['aria-describedby', 'aria-labelledby'])
  for (const each of document.querySelectorAll(`[${name}]`))
    for (const id of each.getAttribute(name).trim().split(/\s+/))
      if (!document.getElementById(id)) say(`${name} leads nowhere`, each, id);
for (const each of document.querySelectorAll('a[href^="#"]'))
  if (!document.getElementById(each.hash.slice(1))) say('link leads nowhere', each);
const ids = [...document.querySelectorAll('[id]')].map(e => e.id);
for (const id of new Set(ids.filter((id, i) => ids.indexOf(id) !== i))) faults.push(`id twice: ${id}`);
for (const what of ['main', 'h1', 'body > header', 'body > footer', '.skip'])
  if (document.querySelectorAll(what).length !== 1) faults.push(`${what}: not 1`);
if (document.documentElement.lang !== 'en') faults.push('no language');
if (!document.body.querySelector('a, button, input')?.matches('.skip')) faults.push('skip link is not first');
let level = 0;
for (const heading of document.querySelectorAll('h1, h2, h3')) {
  const next = Number(heading.tagName[1]);
  if (next > level + 1 && level) say('heading level left out', heading);
  level = next;
}
const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
if (wide > 0) faults.push(`scrolls to the side by ${wide} px`);
if (document.querySelector('script')) faults.push('a script');
return [faults, measured];
"""


def faults(browser: Browser) -> list[str]:
    """All that is wrong with the page, the phone card in it included; raises where nothing was measured."""
    found, measured = browser.script(_AUDIT)
    assert measured > 5, "the audit saw no text"
    for card in browser.all("iframe.card"):
        browser.driver.switch_to.frame(card)
        inner, texts = browser.script(_AUDIT)
        browser.driver.switch_to.default_content()
        assert texts > 1, "the audit saw no text on the phone"
        # A card has neither header nor footer, and is part of a page that has.
        found += [each for each in inner if not each.startswith(("body >", ".skip", "skip link"))]
    return list(found)
