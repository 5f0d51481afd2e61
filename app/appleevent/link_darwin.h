// Has foyerLinkCame called with every link that the system hands to the program.
void foyerListenForLinks(void);
