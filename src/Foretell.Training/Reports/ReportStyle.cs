namespace Foretell.Training.Reports;

/// <summary>The report's style sheet: one column, the reader's own fonts, colours that the colour-blind can tell apart.</summary>
internal static class ReportStyle
{
    public const string Sheet = """
        :root {
          --paper: #fdfcfa; --ink: #22252a; --soft: #666b73; --rule: #e6e3dd; --tint: #f5f3ee;
          --c0: #2b6cb0; --c1: #c05621; --c2: #2f855a; --c3: #8655b5; --c4: #a87b13; --c5: #5f6b7a;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --paper: #17191c; --ink: #e2e1dd; --soft: #989ba1; --rule: #303338; --tint: #1f2226;
            --c0: #6ea8e0; --c1: #e8935f; --c2: #6cc093; --c3: #b795e0; --c4: #d9b552; --c5: #a3adb9;
          }
        }
        * { box-sizing: border-box; }
        html { -webkit-text-size-adjust: 100%; }
        body {
          margin: 0 auto; padding: 3.5rem 1.5rem 4rem; max-width: 49rem; background: var(--paper); color: var(--ink);
          font: 1rem/1.6 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; font-variant-numeric: tabular-nums;
          overflow-wrap: break-word;
        }
        h1, h2 { font-family: Charter, "Bitstream Charter", "Iowan Old Style", Georgia, "Noto Serif", serif; font-weight: 600; line-height: 1.2; text-wrap: balance; }
        h1 { font-size: 2.1rem; margin: 0; letter-spacing: -.01em; }
        h2 { font-size: 1.4rem; margin: 3.25rem 0 .75rem; }
        p { margin: .75rem 0; max-width: 42rem; white-space: pre-line; }
        header p { color: var(--soft); font-size: 1.1rem; margin-top: .6rem; }
        figure { margin: 1.75rem 0; }
        .figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(6.3rem, 1fr)); gap: 1.4rem 1.25rem; margin: 2.5rem 0 0; padding: 1.4rem 0; border: solid var(--rule); border-width: 1px 0; }
        .figures dt { color: var(--soft); font-size: .85rem; line-height: 1.4; }
        .figures dd { margin: .1rem 0 0; font-size: 1.6rem; line-height: 1.25; letter-spacing: -.01em; }
        .figures small { display: block; color: var(--soft); font-size: .85rem; line-height: 1.4; letter-spacing: 0; }
        .chart figcaption { font-weight: 600; line-height: 1.4; margin-bottom: .35rem; }
        .legend { display: flex; flex-wrap: wrap; gap: .15rem 1.25rem; list-style: none; margin: 0 0 .6rem; padding: 0; color: var(--soft); font-size: .875rem; }
        .legend svg { margin-right: .5rem; vertical-align: middle; }
        .plot { display: block; width: 100%; height: auto; }
        .plot text { font-size: 12.5px; fill: var(--soft); }
        .narrow { display: none; }
        .grid { stroke: var(--rule); stroke-width: 1; }
        .axis { stroke: var(--soft); stroke-width: 1; opacity: .7; }
        .line { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
        .dashed.line { stroke-dasharray: 6 5; }
        .hit { fill: transparent; }
        .dot { opacity: 0; fill: currentColor; stroke: var(--paper); stroke-width: 1.5; pointer-events: none; }
        .points g:hover .dot { opacity: 1; }
        .s0 { color: var(--c0); } .s1 { color: var(--c1); } .s2 { color: var(--c2); } .s3 { color: var(--c3); } .s4 { color: var(--c4); } .s5 { color: var(--c5); }
        .line { stroke: currentColor; }
        .sample { margin: 1.25rem 0; }
        .sample figcaption { color: var(--soft); font-size: .85rem; }
        .sample blockquote { margin: .3rem 0 0; padding: .9rem 1.1rem; background: var(--tint); border-radius: 6px; white-space: pre-wrap; font-family: Charter, "Bitstream Charter", "Iowan Old Style", Georgia, "Noto Serif", serif; font-size: 1.03rem; }
        .sample b { font-weight: 700; }
        .scroll { overflow-x: auto; margin: 1.25rem 0; }
        table { border-collapse: collapse; font-size: .94rem; line-height: 1.45; min-width: 100%; }
        th { color: var(--soft); font-weight: 500; font-size: .85rem; text-align: left; vertical-align: bottom; }
        th, td { padding: .45rem 1.5rem .45rem 0; border-bottom: 1px solid var(--rule); vertical-align: top; }
        th:last-child, td:last-child { padding-right: 0; }
        .number { text-align: right; white-space: nowrap; }
        pre { margin: 1rem 0; padding: .8rem 1.1rem; background: var(--tint); border-radius: 6px; overflow-x: auto; }
        code { font: .9rem/1.5 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
        .note, footer { color: var(--soft); font-size: .875rem; }
        footer { margin-top: 4rem; padding-top: 1rem; border-top: 1px solid var(--rule); }
        footer p { margin: .25rem 0; }
        @media (max-width: 34rem) {
          body { padding: 2rem 1.1rem 3rem; }
          h1 { font-size: 1.7rem; }
          .wide { display: none; }
          .narrow { display: block; }
          .figures { grid-template-columns: 1fr 1fr; gap: 1rem 1.25rem; }
          .figures dd { font-size: 1.35rem; }
        }
        @media print { body { max-width: none; padding: 0; } section, figure { break-inside: avoid; } }
        """;
}
