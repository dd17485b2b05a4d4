-- How far the file of a job had come when its worker vanished: segments read and vectors made. Who got further is no poison.
ALTER TABLE job ADD COLUMN came_to bigint NOT NULL DEFAULT 0;
