// Filters, and moving between details. Without it the page still shows everything, and
// its links still open the details.
"use strict";
(function () {
  var root = document.documentElement;
  root.classList.add("js");
  var all = function (selector, within) { return Array.prototype.slice.call((within || document).querySelectorAll(selector)); };
  var bar = document.querySelector(".bar");
  var chips = all(".chip"), kernel = document.getElementById("kernel"), search = document.getElementById("search");
  var shown = document.getElementById("shown"), none = document.getElementById("none");
  var rows = all(".matrix tr.row"), findings = all(".fell li"), programs = all(".program");

  function measure() {
    var sticky = getComputedStyle(bar).position === "sticky";
    root.style.setProperty("--bar", (sticky ? bar.offsetHeight : 0) + "px");
  }
  addEventListener("resize", measure);
  measure();

  function pressed() {
    return chips.filter(function (c) { return c.getAttribute("aria-pressed") === "true"; }).map(function (c) { return c.dataset.verdict; });
  }

  // A row is shown if its text has all words, and one of its cells, of the kernel asked
  // for, has one of the verdicts asked for. Its other cells are dimmed.
  function filterRow(row, words, verdicts, column) {
    var ok = !verdicts.length && column === "";
    all("td", row).forEach(function (td) {
      var here = column === "" || td.classList.contains("k" + column);
      var match = here && !!td.dataset.v && (!verdicts.length || verdicts.indexOf(td.dataset.v) >= 0);
      ok = ok || match;
      td.hidden = !here;
      td.classList.toggle("dim", verdicts.length > 0 && !match);
    });
    row.hidden = !ok || !has(row, words);
    return !row.hidden;
  }

  function filterFinding(item, words, verdicts, column) {
    var ok = all(".pill", item).some(function (a) {
      return (column === "" || a.dataset.k === column) && (!verdicts.length || verdicts.indexOf(a.dataset.v) >= 0);
    });
    item.hidden = !ok || !has(item, words);
  }

  function has(element, words) {
    return words.every(function (w) { return element.dataset.text.indexOf(w) >= 0; });
  }

  function filter() {
    var words = search.value.toLowerCase().split(/\s+/).filter(Boolean), verdicts = pressed(), column = kernel.value;
    var n = rows.filter(function (row) { return filterRow(row, words, verdicts, column); }).length;
    all(".matrix thead th.k").forEach(function (th) { th.hidden = column !== "" && !th.classList.contains("k" + column); });
    all(".matrix tbody").forEach(function (body) {
      body.hidden = all("tr.row", body).every(function (row) { return row.hidden; });
    });
    findings.forEach(function (item) { filterFinding(item, words, verdicts, column); });
    programs.forEach(function (p) { p.hidden = !has(p, words); });
    none.hidden = n > 0;
    shown.textContent = n < rows.length ? n + " of " + rows.length + " cases" : "";
    measure();
  }

  chips.forEach(function (c) {
    c.addEventListener("click", function () {
      c.setAttribute("aria-pressed", c.getAttribute("aria-pressed") === "true" ? "false" : "true");
      filter();
    });
  });
  kernel.addEventListener("change", filter);
  search.addEventListener("input", filter);
  document.getElementById("reset").addEventListener("click", function () {
    chips.forEach(function (c) { c.setAttribute("aria-pressed", "false"); });
    kernel.value = search.value = "";
    filter();
  });

  // Details are sections that the address names. Where it was opened gets the focus back.
  var from = null;

  function current() {
    var id = decodeURIComponent(location.hash.slice(1));
    var e = id && document.getElementById(id);
    return e && e.classList.contains("detail") ? e : null;
  }

  function linkTo(id) { return document.querySelector('.matrix a[href="#' + CSS.escape(id) + '"]'); }

  // The same case on the other kernels, made when first looked at.
  function siblings(detail) {
    var link = linkTo(detail.id);
    if (!link || detail.querySelector(".siblings")) { return; }
    var heads = all(".matrix thead th.k"), p = document.createElement("p");
    p.className = "siblings";
    all("td", link.closest("tr")).forEach(function (td, i) {
      var v = td.querySelector(".v");
      if (!v) { return; }
      var e = document.createElement(v.href ? "a" : "span");
      if (v.href) { e.setAttribute("href", v.getAttribute("href")); }
      if (v === link) { e.setAttribute("aria-current", "true"); }
      e.className = v.className.replace(/^v /, "");
      e.textContent = heads[i].firstChild.textContent + " " + v.textContent;
      p.appendChild(e);
    });
    detail.querySelector(".dhead").insertAdjacentElement("afterend", p);
  }

  function opened() {
    var detail = current();
    document.body.style.overflow = detail ? "hidden" : "";
    if (!detail) {
      if (from) { from.focus({ preventScroll: true }); from = null; }
      return;
    }
    from = linkTo(detail.id) || from;
    siblings(detail);
    detail.scrollTop = 0;
    detail.focus({ preventScroll: true });
  }

  // Close without scrolling to the matrix, and without an entry in the history.
  function shut() {
    var y = scrollY;
    location.replace("#");
    history.replaceState(null, "", location.pathname + location.search);
    scrollTo(0, y);
  }

  function step(by) {
    var links = all(".matrix tr.row:not([hidden]) td:not([hidden]):not(.dim) a.v"), at = links.indexOf(linkTo(current().id));
    var next = links[at + by];
    if (at >= 0 && next) { location.replace(next.getAttribute("href")); }
  }

  addEventListener("hashchange", opened);
  addEventListener("keydown", function (e) {
    if (e.key === "/" && document.activeElement.tagName !== "INPUT" && !current()) { e.preventDefault(); search.focus(); }
    if (!current() || e.altKey || e.ctrlKey || e.metaKey) { return; }
    var scrolls = e.target.tagName === "PRE"; // with the arrows, sideways
    if (e.key === "Escape") { shut(); }
    if (e.key === "ArrowRight" && !scrolls || e.key === "j") { step(1); }
    if (e.key === "ArrowLeft" && !scrolls || e.key === "k") { step(-1); }
  });
  addEventListener("click", function (e) {
    var detail = current();
    if (!detail) { return; }
    if (e.target.closest(".x") || !detail.contains(e.target)) { e.preventDefault(); shut(); }
  });
  opened();
})();
