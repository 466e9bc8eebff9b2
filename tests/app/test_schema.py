from app.view.schema import declarations


def test_the_browser_has_the_declarations_of_what_crosses_to_it() -> None:
    for file, text in declarations().items():
        assert file.read_text(encoding="utf-8") == text, "Run python -m app.view.schema."


def test_what_may_be_missing_and_what_a_chart_crosses_as_are_declared() -> None:
    text = "".join(declarations().values())
    assert "  alt: string;\n  task?: string;" in text
    assert "  chart?: string;\n" in text and "  values?: Values;\n" in text
    assert "export type Tool = ChoiceTool | SliderTool | ToggleTool | ButtonTool;\n" in text
    assert "export interface View extends Belonging {\n  /** Names what is shown: equal keys, equal views. */\n" in text
