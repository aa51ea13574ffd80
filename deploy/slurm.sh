#!/bin/bash
# A recipe on the machines of a Slurm job: sbatch deploy/slurm.sh RECIPE RUN [options of `altiplano run`]
# RECIPE, RUN and the raw files lie where every machine sees them; `altiplano` is on the PATH of the job.
#SBATCH --job-name=altiplano
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=64
#SBATCH --exclusive
#SBATCH --time=24:00:00
# A job that is ended or moved goes on where it was: the same command skips what is finished.
#SBATCH --requeue
#SBATCH --open-mode=append
set -euo pipefail

recipe=${1:?give a recipe}
run=${2:?give the folder of the run}
shift 2

# A port and a token of this job's own: two jobs may share a machine, and nobody else's tasks are let in.
port=$((20000 + SLURM_JOB_ID % 20000))
RAY_AUTH_TOKEN=$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')
export RAY_AUTH_MODE=token RAY_AUTH_TOKEN
head=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
address="$head:$port"
cpus=${SLURM_CPUS_PER_TASK:-$(nproc)}
common=(--block "--num-cpus=$cpus" --object-store-memory=104857600 --disable-usage-stats)

srun --nodes=1 --ntasks=1 --nodelist="$head" ray start --head --port="$port" --include-dashboard=false "${common[@]}" &
until ray health-check --address "$address" > /dev/null 2>&1; do
    sleep 2
done
if ((SLURM_NNODES > 1)); then
    srun --nodes=$((SLURM_NNODES - 1)) --ntasks=$((SLURM_NNODES - 1)) --exclude="$head" \
        ray start --address="$address" "${common[@]}" &
fi

# Tasks go to machines as they join. When this ends, so do the job and its `ray start`s.
srun --overlap --nodes=1 --ntasks=1 --cpus-per-task=1 --nodelist="$head" \
    altiplano run "$recipe" --run "$run" --address "$address" "$@"
