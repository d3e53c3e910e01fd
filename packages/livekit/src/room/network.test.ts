import { expect, it } from "vitest";
import { Network } from "./network.ts";

function setup() {
  const changes: string[] = [];
  return { changes, network: new Network((id, state) => changes.push(`${id} ${state}`)) };
}

it("reports changes of those who are there, once each", () => {
  const { changes, network } = setup();
  network.sign("ann", "quality", true);
  network.joined("ann");
  network.sign("ann", "quality", false);
  network.sign("ann", "quality", true);
  network.sign("ann", "quality", true);
  network.sign("ann", "quality", false);
  network.left("ann");
  network.sign("ann", "quality", true);
  expect(changes).toEqual(["ann lost", "ann back"]);
});

it("takes everybody for lost while our own connection is, and does not bring back who is lost for themselves", () => {
  const { changes, network } = setup();
  network.joined("ann");
  network.joined("bob");
  network.sign("bob", "quality", true);
  network.own(true);
  network.own(true);
  expect(network.ownLost).toBe(true);
  network.sign("ann", "quality", true);
  network.own(false);
  network.sign("ann", "quality", false);
  expect(changes).toEqual(["bob lost", "ann lost", "ann back"]);
});

it("takes somebody for back only when every sign of the loss is gone", () => {
  const { changes, network } = setup();
  network.joined("ann");
  network.sign("ann", "stalled", true);
  network.sign("ann", "quality", true);
  network.sign("ann", "stalled", false);
  expect(changes).toEqual(["ann lost"]);
  network.sign("ann", "quality", false);
  expect(changes).toEqual(["ann lost", "ann back"]);
});
