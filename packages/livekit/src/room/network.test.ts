import { expect, it } from "vitest";
import { Network } from "./network.ts";

function setup() {
  const changes: string[] = [];
  return { changes, network: new Network((id, state) => changes.push(`${id} ${state}`)) };
}

it("reports changes of those who are there, once each", () => {
  const { changes, network } = setup();
  network.quality("ann", true);
  network.joined("ann");
  network.quality("ann", false);
  network.quality("ann", true);
  network.quality("ann", true);
  network.quality("ann", false);
  network.left("ann");
  network.quality("ann", true);
  expect(changes).toEqual(["ann lost", "ann back"]);
});

it("takes everybody for lost while our own connection is, and does not bring back who is lost for themselves", () => {
  const { changes, network } = setup();
  network.joined("ann");
  network.joined("bob");
  network.quality("bob", true);
  network.own(true);
  network.own(true);
  expect(network.ownLost).toBe(true);
  network.quality("ann", true);
  network.own(false);
  network.quality("ann", false);
  expect(changes).toEqual(["bob lost", "ann lost", "ann back"]);
});
