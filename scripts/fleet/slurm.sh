#!/bin/sh
# threadbench on the nodes of a Slurm cluster, one array task a node. README.md
# beside this file says how to submit and how to collect. Further arguments are
# those of run.
#SBATCH --job-name=threadbench
#SBATCH --array=0-2
#SBATCH --nodes=1
#SBATCH --exclusive
#SBATCH --mem=0
#SBATCH --time=15
#SBATCH --no-requeue
#SBATCH --output=%x-%A-%a.log
set -eu
exec ./threadbench run -host "$SLURMD_NODENAME" -o "results/$SLURMD_NODENAME-$SLURM_ARRAY_TASK_ID.txt" "$@"
