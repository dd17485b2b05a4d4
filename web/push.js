// The service worker: shows a push, and opens what it is about. It caches nothing and sees no other request.

self.addEventListener("push", (event) => {
  const { id, title, body, url } = event.data.json();
  event.waitUntil(self.registration.showNotification(title, { body, tag: id, icon: "/icon.svg", data: { url } }));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const { hash } = new URL(event.notification.data.url);
  event.waitUntil(self.clients.openWindow(`/${hash}`));
});
