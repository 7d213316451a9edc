mod stage;
pub(super) use stage::Demo;
