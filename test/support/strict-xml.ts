import assert from "node:assert/strict";

/** An element of XML as it was read; text beside elements is dropped where it is blank. */
export type XmlElement = {
  name: string;
  attributes: Readonly<Record<string, string>>;
  children: XmlElement[];
  text: string;
};

const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
/** What XML 1.0 calls a character. */
const CHARACTERS = /^[\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]*$/u;

/**
 * Reads a document of XML 1.0 that has elements, attributes and text alone, and takes nothing else: no comments, no
 * instructions but the declaration, no entities but the five.
 */
export function readXml(document: string): XmlElement {
  assert.match(document, CHARACTERS, "a character that XML does not have");
  const declaration = '<?xml version="1.0" encoding="UTF-8"?>\n';
  assert.ok(document.startsWith(declaration), "the declaration");
  let at = declaration.length;
  const take = (pattern: RegExp, what: string): RegExpExecArray => {
    const found = new RegExp(pattern.source, "uy");
    found.lastIndex = at;
    const match = found.exec(document);
    assert.ok(match !== null, `${what} at ${document.slice(at, at + 60)}`);
    at = found.lastIndex;
    return match;
  };
  const element = (): XmlElement => {
    const [, name = ""] = take(/<([a-z]+(?:-[a-z]+)*)/, "an element");
    const attributes: Record<string, string> = {};
    while (document[at] === " ") {
      const [, key = "", value = ""] = take(/ ([a-z]+)="([^"<\n\r\t]*)"/, "an attribute");
      assert.ok(!Object.hasOwn(attributes, key), `${key} comes twice`);
      attributes[key] = resolved(value);
    }
    const self: XmlElement = { name, attributes, children: [], text: "" };
    if (take(/\/?>/, "the end of a tag")[0] === "/>") return self;
    for (;;) {
      const text = resolved(take(/[^<]*/, "text")[0]);
      if (text.trim() !== "") self.text += text;
      if (document.startsWith("</", at)) break;
      self.children.push(element());
    }
    const [, end] = take(/<\/([a-z-]+)>/, "an end tag");
    assert.equal(end, name);
    return self;
  };
  const root = element();
  assert.equal(document.slice(at), "\n", "nothing behind the root");
  return root;
}

function resolved(text: string): string {
  assert.doesNotMatch(text, />/, "a bare >");
  return text.replace(/&([^;]*;?)/g, (_, entity: string) => {
    const name = entity.replace(/;$/, "");
    assert.ok(entity.endsWith(";") && Object.hasOwn(ENTITIES, name), `the entity &${entity}`);
    return ENTITIES[name] ?? "";
  });
}
