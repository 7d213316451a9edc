mod fake_panel;
