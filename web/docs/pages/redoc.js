// Starts Redoc; a file of its own so that no page needs inline scripts.
Redoc.init("/api/openapi.json", { disableSearch: true, hideDownloadButton: false }, document.getElementById("redoc"));
