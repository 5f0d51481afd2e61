// Returns 0 if the user has forbidden the camera, or the microphone.
int foyerPermit(int microphone);
