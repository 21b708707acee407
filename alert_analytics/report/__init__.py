"""A page and a workbook of answers. A report's ``.to_html()`` and ``.to_excel()`` come here."""

from alert_analytics.report.excel import write_excel
from alert_analytics.report.html import write_html

__all__ = ["write_excel", "write_html"]
