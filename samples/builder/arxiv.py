"""Our papers in, arXiv source files out: tarballs, a single gzipped `.tex`, Latin-1, and two that hold no paper."""

from __future__ import annotations

from builder.dumps import Dumps, Prose, gzip_member, tar

ARCHIVES = ("2001.00001", "2001.00002", "2001.00003")
SINGLE = "math0601001"
LATIN1 = "2001.00003"
NOTES = rb"""% Notes that were never made into a paper.
\section{Observations}
The second run was cut short by cloud. We keep the log here until the reduction is done.
\begin{itemize}
\item Frame 112 is saturated.
\item Frame 140 has a satellite trail across the third chip.
\end{itemize}
"""
PDF = b"""%PDF-1.4
1 0 obj << /Type /Catalog /Pages 2 0 R >> endobj
2 0 obj << /Type /Pages /Kids [] /Count 0 >> endobj
trailer << /Root 1 0 R >>
%%EOF
"""


def build(prose: Prose, dumps: Dumps) -> None:
    """Add the papers and the two faults."""
    for paper in ARCHIVES:
        members = []
        for name in prose.names(f"arxiv/{paper}"):
            data = prose.bytes(name)
            if paper == LATIN1 and name.endswith(".tex"):
                data = data.decode().encode("latin-1")
            members.append((name.removeprefix(f"arxiv/{paper}/"), data))
        dumps.add(f"arxiv/{paper}.tar.gz", gzip_member(tar(members)))
    (single,) = prose.names(f"arxiv/{SINGLE}")
    dumps.add(f"arxiv/{SINGLE}.gz", gzip_member(prose.bytes(single)))
    notes = "arxiv/2001.00004.tar.gz"
    dumps.add(notes, gzip_member(tar([("notes.tex", NOTES)])))
    dumps.fault(notes, "", "no_documentclass", "no_main_file")
    scanned = "arxiv/2001.00005.gz"
    dumps.add(scanned, gzip_member(PDF))
    dumps.fault(scanned, "", "pdf_only", "not_latex")
