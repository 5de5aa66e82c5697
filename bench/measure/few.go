package measure

// FewerTasks in a worker's environment has a Stack case hold a quarter of its
// tasks, for a run that has little time: a slope needs no more, and the row
// says how many they were.
const FewerTasks = FewerVariable + "=1"

const FewerVariable = "THREADBENCH_FEWER"
