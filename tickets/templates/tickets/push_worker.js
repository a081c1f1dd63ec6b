// Shows what was pushed, and opens the ticket when it is pressed. It keeps nothing and fetches nothing.
self.addEventListener("push", (event) => {
  let said = {};
  try {
    said = event.data.json();
  } catch {
    return;
  }
  event.waitUntil(self.registration.showNotification(said.title ?? "", { body: said.body, tag: said.tag, data: { url: said.url } }));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const address = new URL(event.notification.data?.url ?? "/", self.location.origin);
  if (address.origin !== self.location.origin) return;
  event.waitUntil(
    (async () => {
      const pages = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
      const open = pages.find((page) => new URL(page.url).pathname === address.pathname);
      if (open) await open.focus();
      else await self.clients.openWindow(address.href);
    })(),
  );
});
