throw new Error("the shop is closed");
