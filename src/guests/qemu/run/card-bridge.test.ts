import { expect, test } from "vitest";
import { cardsOf, type NetCard } from "../builder/network.ts";
import { bridgeOfCard, unmetWishes } from "./card-bridge.ts";

function card(text: string): NetCard {
  const [first] = cardsOf({ net3: text });
  if (first === undefined) throw new Error("no card");
  return first;
}

const MAC = "virtio=BC:24:11:00:00:01";

test.each([
  [`${MAC},bridge=nosuchbridge`, "net3: bridge 'nosuchbridge' does not exist"],
  [`${MAC},bridge=vmbr0,tag=5`, "net3: 'tag' is not implemented in this release"],
  [`${MAC},bridge=vmbr0,trunks=2;3`, "net3: 'trunks' is not implemented in this release"],
])("a guest is not put elsewhere than asked: %s", (text, why) => {
  expect(() => bridgeOfCard(card(text))).toThrow(why);
});

test("a card without a bridge needs none", () => {
  expect(bridgeOfCard(card(MAC))).toBeUndefined();
  expect(unmetWishes(card(MAC), false)).toEqual([]);
});

test("what a card does not get is told", () => {
  const wishes = card(`${MAC},bridge=vmbr0,firewall=1,rate=3`);
  expect(unmetWishes(wishes, true).map((text) => text.split(",")[0])).toEqual([
    "net3: nothing is filtered",
    "net3: the rate is not limited",
  ]);
  expect(unmetWishes(wishes, false)[0]).toContain("instead of bridge 'vmbr0'");
});
